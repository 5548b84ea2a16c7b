"""Make the full-text index, and enter the documents that are there."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE document_search USING fts5(key, title, body, tokenize = 'porter unicode61')",
    )
    op.execute("INSERT INTO document_search (key, title, body) SELECT key, title, body FROM documents")


def downgrade() -> None:
    op.execute("DROP TABLE document_search")

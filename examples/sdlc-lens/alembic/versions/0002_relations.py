"""Keep which document names which."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relations",
        sa.Column("source", sa.String(6), sa.ForeignKey("documents.key"), primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        # Not a foreign key: a document may name one that nobody has written yet.
        sa.Column("target", sa.String(6), primary_key=True),
    )
    op.create_index("ix_relations_target", "relations", ["target"])


def downgrade() -> None:
    op.drop_table("relations")

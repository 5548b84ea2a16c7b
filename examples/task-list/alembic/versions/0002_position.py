"""Give each task a place in the list: the order in which they were made."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tasks") as table:
        table.add_column(sa.Column("position", sa.Integer(), nullable=True))
    op.execute("UPDATE tasks SET position = id")
    with op.batch_alter_table("tasks") as table:
        table.alter_column("position", nullable=False)
        table.create_index("ix_tasks_position", ["position"])


def downgrade() -> None:
    with op.batch_alter_table("tasks") as table:
        table.drop_index("ix_tasks_position")
        table.drop_column("position")

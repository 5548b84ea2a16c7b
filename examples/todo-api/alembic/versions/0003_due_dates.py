"""Give tasks a day on which they are due, and an index for the order in which they are listed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("due_on", sa.Date(), nullable=True))
    # It begins with the user, and so does what the index of users did.
    op.create_index("ix_tasks_user_id_due_on", "tasks", ["user_id", "due_on", "id"])
    op.drop_index("ix_tasks_user_id", "tasks")


def downgrade() -> None:
    op.create_index("ix_tasks_user_id", "tasks", ["user_id"])
    op.drop_index("ix_tasks_user_id_due_on", "tasks")
    op.drop_column("tasks", "due_on")

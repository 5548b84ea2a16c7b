"""Say which camera a clip is from; of those that are there nobody knows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("clips") as table:
        table.add_column(sa.Column("camera", sa.String(50), nullable=True))
    op.execute("UPDATE clips SET camera = 'unknown'")
    with op.batch_alter_table("clips") as table:
        table.alter_column("camera", existing_type=sa.String(50), nullable=False)
        table.create_index("ix_clips_camera", ["camera"])


def downgrade() -> None:
    with op.batch_alter_table("clips") as table:
        table.drop_index("ix_clips_camera")
        table.drop_column("camera")

revision = "b"
down_revision = None

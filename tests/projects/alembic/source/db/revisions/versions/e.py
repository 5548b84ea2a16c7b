revision = "e"
down_revision = "b"

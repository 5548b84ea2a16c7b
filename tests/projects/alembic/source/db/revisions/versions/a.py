revision: str = "a"
down_revision = None

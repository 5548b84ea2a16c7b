revision = "d"
down_revision = ("b", "c")

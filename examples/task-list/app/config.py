"""Everything that the environment decides, read once and in one place."""

import os

DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///./tasks.db")
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))
LOG_LEVEL = os.environ.get("LOG_LEVEL", "info").lower()

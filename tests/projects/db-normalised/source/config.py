import os
from pathlib import Path

FOLDER = Path(os.environ.get("FOLDER", "files"))
DATABASE_URL = os.environ.get("DATABASE_URL", f"sqlite:///{FOLDER}/names.db")

"""Everything that the environment decides, read once and in one place."""

import os
from pathlib import Path

DATA_DIR = Path(os.environ.get("DATA_DIR", "data"))
DATABASE_URL = os.environ.get("DATABASE_URL", f"sqlite:///{DATA_DIR}/events.db")
MAX_UPLOAD_MB = int(os.environ.get("MAX_UPLOAD_MB", "100"))
MAX_CLIP_SECONDS = int(os.environ.get("MAX_CLIP_SECONDS", "300"))
FFMPEG_TIMEOUT = int(os.environ.get("FFMPEG_TIMEOUT", "30"))
MOTION_AREA = float(os.environ.get("MOTION_AREA", "0.01"))

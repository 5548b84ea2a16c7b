import os
from pathlib import Path

from pydantic_settings import BaseSettings

FILES = Path(os.environ.get("FILES", "files"))
BASE = Path(__file__).resolve().parent


class Settings(BaseSettings):
    words: Path = Path("words")
    log_folder: str = "log"


settings = Settings()

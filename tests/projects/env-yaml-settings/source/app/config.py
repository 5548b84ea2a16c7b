import os
from pathlib import Path

import yaml
from pydantic import BaseModel


class Settings(BaseModel):
    title: str

    @classmethod
    def load(cls, path: Path) -> "Settings":
        with open(path) as file:
            return cls(**yaml.safe_load(file))


settings = Settings.load(Path(os.getenv("SETTINGS_PATH", "settings.yaml")))

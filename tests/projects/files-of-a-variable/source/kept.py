import os
from dataclasses import dataclass
from pathlib import Path

import config


@dataclass
class Parts:
    whole: Path
    small: Path


def parts(name: str) -> Parts:
    return Parts(config.FILES / "whole" / str(name), small=config.FILES / "small" / f"{name}.jpg")


def log(name):
    os.makedirs(config.settings.log_folder, exist_ok=True)
    path = os.path.join(config.settings.log_folder, "names.txt")
    path = Path(path).with_suffix(".log")
    with open(path, "a") as file:
        file.write(name)

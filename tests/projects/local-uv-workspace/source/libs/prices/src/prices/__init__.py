from pathlib import Path

PRICE = 12


def note() -> str:
    return Path(__file__).with_name("note.txt").read_text().strip()

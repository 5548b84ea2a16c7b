import os
from typing import Any, NamedTuple


class Option(NamedTuple):
    name: str
    cast: type
    default: Any = None
    required: bool = True


class Section(NamedTuple):
    name: str
    options: list[Option]
    required: bool = True


OPTIONS = [
    Option("title", str, "shop"),
    Section("session", [Option("secret", str), Option("minutes", int, default=30)]),
    Section("mail", [Option("server", str)], required=False),
]


def load():
    given = {key: value for key, value in os.environ.items() if key.startswith("SHOP_")}
    return {"title": given.get("SHOP_TITLE", "shop")}

"""Arguments → one namespace. Every setting that a command heeds is a flag of it, made from `settings.SETTINGS`."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from types import ModuleType
from typing import Any

from lading import settings

DETECT = (*(setting.key for setting in settings.FACTS), "port", "packages", "health-body")
PLAN = ("volume", "exclude", "python-image", "dockerfile", "as-of", "strip", "size-limit", "stop-seconds")
BUILD = ("builder", "platform", "mirror", "cache")
OBSERVE = ("engine",)


def parse(argv: Sequence[str], commands: Mapping[str, str], module: Callable[[str], ModuleType]) -> argparse.Namespace:
    """The arguments of `argv`. Prints help and exits by argparse's own rules, with status 2 for a wrong flag."""
    parser = argparse.ArgumentParser(
        prog="lading",
        description="Turns a FastAPI backend into a production container, and proves that the container works.",
        epilog="example: lading ship .",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"lading {version('lading')}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = next((word for word in argv if word in commands), None)
    known: list[str] = []
    for name, line in commands.items():
        sub = subparsers.add_parser(
            name, help=line, description=line[0].upper() + line[1:] + ".", allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        if name == named:  # the flags of the others are not needed, nor their modules
            sub.add_argument("dir", nargs="?", default=".", metavar="DIR", help="the backend's folder (default: .)")
            module(name).add(sub)
            sub.add_argument("-q", "--quiet", action="store_true", help="no progress on standard error")
            sub.add_argument("-v", "--verbose", action="store_true", help="the cause of an error, too")
            known = re.findall(r"--[a-z][\w-]+", sub.format_usage())
    args, strange = parser.parse_known_args(argv)
    if strange:
        parser.error(f"there is no `{strange[0]}`{_nearest(strange[0], known)}")
    return args


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word.partition("=")[0], known, n=1) if word.startswith("-") else []
    return f": did you mean `{near[0]}`?" if near else ""


def add_settings(parser: argparse.ArgumentParser, *groups: Sequence[str]) -> None:
    """Give `parser` a flag for each setting of `groups`."""
    wanted = {key for group in groups for key in group}
    flags = parser.add_argument_group("settings", "also in [tool.lading] of pyproject.toml, and as LADING_… variables")
    for setting in settings.SETTINGS:
        if setting.key in wanted:
            default = "" if setting.default in {None, ()} else f" (default: {setting.default})"
            if setting.kind == "switch":
                action: Any = argparse.BooleanOptionalAction
                flags.add_argument(f"--{setting.key}", action=action, default=None, help=setting.help)
            else:
                flags.add_argument(f"--{setting.key}", metavar=setting.kind.upper(), help=setting.help + default)


def flags(args: argparse.Namespace) -> dict[str, Any]:
    """The settings among `args`, by their keys; None where a flag was not given."""
    names = {setting.key: setting.key.replace("-", "_") for setting in settings.SETTINGS}
    return {key: getattr(args, name) for key, name in names.items() if hasattr(args, name)}

"""`lading logs`: show what the stack says."""

from __future__ import annotations

import argparse

from lading import command
from lading.cli import arguments, stack
from lading.cli.console import Console
from lading.errors import Outside


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading logs . api --follow"
    parser.add_argument("services", nargs="*", metavar="SERVICE", help="of which services (default: all)")
    parser.add_argument("--follow", action="store_true", help="go on as more is said, until Ctrl-C")
    parser.add_argument("--tail", metavar="LINES", default="100", help="lines of each that are shown (default: 100)")
    arguments.add_settings(parser, arguments.DETECT)


def run(args: argparse.Namespace, _console: Console) -> int:
    """Print the logs as Compose does."""
    _, root = stack.read(args)
    files = stack.files(root, development=True)
    follow = ("--follow",) if args.follow else ()
    if command.attend(stack.compose(root, *files, "logs", "--tail", args.tail, *follow, *args.services)):
        raise Outside("the logs cannot be read", hint="Compose says why above")
    return 0

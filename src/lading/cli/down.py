"""`lading down`: stop the stack."""

from __future__ import annotations

import argparse

from lading import command
from lading.cli import arguments, stack
from lading.cli.console import Console
from lading.errors import Outside


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading down"
    parser.add_argument("--volumes", action="store_true", help="delete what it keeps, too: every row and every file")
    arguments.add_settings(parser, arguments.DETECT)


def run(args: argparse.Namespace, _console: Console) -> int:
    """Stop and remove the containers and their network."""
    _, root = stack.read(args)
    volumes = ("--volumes",) if args.volumes else ()
    files = stack.files(root, development=True)
    if command.attend(stack.compose(root, *files, "down", "--remove-orphans", *volumes)):
        raise Outside("the stack did not go down", hint="Compose says why above")
    return 0

"""`lading up`: start the stack, in production or development, and say where it answers."""

from __future__ import annotations

import argparse

from lading import command
from lading.cli import arguments, stack
from lading.cli.console import Console
from lading.errors import Outside


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading up --dev"
    parser.add_argument("--dev", action="store_true", help="development: source mounted, reload, debugger, ports")
    arguments.add_settings(parser, arguments.DETECT)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the address that the server is published at. The secret files that lack are made first."""
    from lading.render import compose

    plan, root = stack.read(args)
    for path in stack.secret_files(plan, root):
        console.progress(f"made {path}")
    files = stack.files(root, development=args.dev)
    # docker-compose 1 cannot wait: there, what depends on something still waits for it.
    wait = ("--wait",) if stack.find()[-1] == "compose" else ()
    started = stack.compose(root, *files, "up", "--detach", "--build", "--remove-orphans", *wait)
    if command.attend(started, aside=True):
        raise Outside("the stack did not come up", hint="`lading logs` shows what it said")
    port = stack.compose(root, *files, "port", compose.API, plan.port.default)
    console.data(f"http://{command.output(port).strip()}")
    return 0

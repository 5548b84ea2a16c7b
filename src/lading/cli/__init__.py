"""The command line: from arguments to one exit status. Each command is a module of this folder, imported when used.

Exit status: 0 done and proved · 1 findings · 2 your project, flags or configuration need a change · 3 an engine, a
registry or the network failed · 4 a bug of ours · 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

#: The commands in the order of a day's work, each with its one line of help.
COMMANDS = {
    "ship": "build the image, run it and prove it: the whole job",
    "inspect": "say what the project is, each fact with the place that told us",
    "plan": "say what the image must contain, and why",
    "init": "write the Dockerfile and what belongs to it",
    "up": "start the stack that `init` wrote, and wait until it is healthy",
    "down": "stop the stack; what it keeps stays",
    "logs": "show what the stack says",
    "build": "build the image",
    "verify": "run an image and prove it, criterion by criterion",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names and return the exit status."""
    from lading.cli import arguments
    from lading.cli.console import Console
    from lading.errors import Error

    given = list(sys.argv[1:] if argv is None else argv)
    args = arguments.parse(given, COMMANDS, lambda name: import_module(f"lading.cli.{name}"))
    console = Console.of(quiet=args.quiet, verbose=args.verbose)
    try:
        status = import_module(f"lading.cli.{args.command}").run(args, console)
        console.finish()
    except Error as error:
        console.error(error)
        return error.status
    except KeyboardInterrupt:
        console.say("interrupted: nothing half-done was kept")
        return 130
    except BrokenPipeError:
        console.abandon_stdout()
        return 0
    except Exception as error:  # noqa: BLE001 - the one place where a bug of ours ends
        return console.bug(error)
    return int(status)

"""`lading ship`: the whole job, from a folder of code to a proven image."""

from __future__ import annotations

import argparse

from lading.cli import arguments, outputs
from lading.cli.console import Console


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading ship backend --output backend.tar"
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    outputs.add(parser)
    arguments.add_settings(parser, arguments.DETECT, arguments.PLAN, arguments.BUILD, arguments.OBSERVE)


def run(args: argparse.Namespace, console: Console) -> int:
    """Build, verify, print the report, and only then hand out an image that was proved."""
    from lading import checks, report, stages

    made = stages.ship(args.dir, arguments.flags(args), progress=console.progress)
    console.data(report.REPORTS["json" if args.json else "terminal"].render(made, console.width, console.color))
    status = checks.exit_status(made)
    if made.image is not None and status == 0:
        for line in outputs.write(args, made.plan, made.image):
            console.say(line)
    elif outputs.wanted(args):
        console.say("not written: the image is not proved (`lading build` writes it all the same)")
    return status

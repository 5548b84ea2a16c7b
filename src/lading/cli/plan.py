"""`lading plan`: say what the image must contain, and why; with --json, what `lading build --plan` takes."""

from __future__ import annotations

import argparse

from lading.cli import arguments
from lading.cli.console import Console


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading plan --json > plan.json && lading build --plan plan.json"
    parser.add_argument("--json", action="store_true", help="the plan as JSON")
    parser.add_argument("--schema", action="store_true", help="the JSON schema of a plan, and no more")
    arguments.add_settings(parser, arguments.DETECT, arguments.PLAN)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the plan."""
    from lading import plan, stages

    if args.schema:
        console.data(plan.dump_schema().decode())
        return 0
    stage = stages.start(args.dir, arguments.flags(args))
    if args.json:
        console.data(plan.dump(stage.plan).decode())
    else:
        from lading.report import plan as text

        console.data(text.text(stage.plan, console.width, console.color))
    return 0

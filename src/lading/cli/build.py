"""`lading build`: build the image, keep it in the cache, and write it where it was asked for."""

from __future__ import annotations

import argparse
from pathlib import Path

from lading.cli import arguments, outputs
from lading.cli.console import Console


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: docker run -p 127.0.0.1:8000:8000 $(lading build . --load docker)"
    parser.add_argument("--plan", metavar="FILE", type=Path, help="a plan from `lading plan --json`, instead of ours")
    parser.add_argument("--json", action="store_true", help="digest, size and layers as JSON")
    outputs.add(parser)
    arguments.add_settings(parser, arguments.DETECT, arguments.PLAN, arguments.BUILD)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print what names the image: the reference in the engine that has it, else its digest."""
    from lading import stages

    stage = stages.start(args.dir, arguments.flags(args), plan=args.plan)
    image = stages.build(stage, progress=console.progress)
    lines = outputs.write(args, stage.plan, image)
    if args.json:
        console.data(outputs.summary(image))
    else:
        console.data(lines[-1] if args.load else image.digest)
    if args.output:
        console.progress(lines[0])
    return 0

"""`lading verify`: run an image and prove it, criterion by criterion."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from lading.cli import arguments
from lading.cli.console import Console


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading verify . --image backend.tar"
    parser.add_argument(
        "--image", metavar="IMAGE",
        help="an archive, an OCI layout, a digest that `lading build` printed, or, with --engine docker or podman, "
        "the name of an image there (default: build it)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--plan", metavar="FILE", type=Path, help="the plan that the image was built from")
    arguments.add_settings(parser, arguments.DETECT, arguments.PLAN, arguments.BUILD, arguments.OBSERVE)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the report."""
    from lading import cache, checks, images, report, stages

    stage = stages.start(args.dir, arguments.flags(args), plan=args.plan)
    if args.image:
        store = cache.folder(stage.settings["cache"].value, os.environ)
        image = images.find(args.image, engine=stage.settings["engine"].value, store=store)
    else:
        image = stages.build(stage, progress=console.progress)
    made = stages.verify(stage, image, progress=console.progress)
    console.data(report.REPORTS["json" if args.json else "terminal"].render(made, console.width, console.color))
    return checks.exit_status(made)

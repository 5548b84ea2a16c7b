"""Where an image goes: a layout, an archive, or an engine. The flags of `build` and `ship`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lading.model import Image, Plan

FORMATS = ("oci", "oci-archive", "docker-archive")


def add(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags."""
    parser.add_argument("--output", metavar="PATH", type=Path, help="write the image: a folder, or an archive `x.tar`")
    parser.add_argument(
        "--format", choices=FORMATS,
        help="of --output (default: docker-archive for a .tar, which Docker and podman load; else oci, a layout)",
    )  # fmt: skip
    parser.add_argument("--load", choices=("docker", "podman"), help="give the image to this engine, too")
    parser.add_argument("--tag", metavar="NAME", help="the name in the archive or the engine (default: PROJECT:latest)")


def wanted(args: argparse.Namespace) -> bool:
    """Whether the image is to go anywhere."""
    return bool(args.output or args.load)


def write(args: argparse.Namespace, plan: Plan, image: Image) -> list[str]:
    """Write `image` where `args` say, and return a line for each place, the engine's reference last."""
    name = args.tag or f"{plan.name}:latest"
    lines = []
    if args.output:
        from lading.oci import archive, layout

        match args.format or ("docker-archive" if args.output.suffix == ".tar" else "oci"):
            case "oci":
                layout.write(image, args.output, name=name)
            case "oci-archive":
                archive.write(image, args.output, format="oci", name=name)
            case _:
                archive.write(image, args.output, format="docker", name=name)
        lines.append(f"wrote {args.output}")
    if args.load:
        from lading.build import docker

        lines.append(docker.load(image, engine=args.load, name=name))
    return lines


def summary(image: Image) -> str:
    """What was made, as JSON; sizes in bytes."""
    layers = [
        {"digest": layer.digest, "size": layer.size, "unpacked": layer.unpacked, "made_by": layer.made_by}
        for layer in image.layers
    ]
    made = {"digest": image.digest, "platform": image.platform, "size": image.size, "layers": layers}
    return json.dumps(made, indent=2)

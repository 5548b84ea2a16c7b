"""`lading inspect`: say what the project is, each fact with the place that told us."""

from __future__ import annotations

import argparse
import json
import os

from lading.cli import arguments
from lading.cli.console import Console


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading inspect backend --explain application"
    parser.add_argument("--json", action="store_true", help="the project as JSON")
    parser.add_argument("--explain", metavar="QUESTION", help="the whole story of one decision: application, health, …")
    parser.add_argument(
        "--schema", nargs="?", const="project", choices=("project", "configuration"),
        help="the JSON schema of what --json prints, or of [tool.lading], and no more",
    )  # fmt: skip
    arguments.add_settings(parser, arguments.DETECT)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the project; where a repository holds several and none was named, all of them."""
    from lading import settings, stages
    from lading.errors import BadInput
    from lading.report import backends, project

    if args.schema:
        found = backends.schema() if args.schema == "project" else settings.schema()
        console.data(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    if args.explain:
        return _explain(args, console)
    try:
        known = stages.inspect(args.dir, arguments.flags(args))
    except BadInput as error:
        return _several(args, console, error)
    console.data(backends.json(known) if args.json else project.text(known, console.width, console.color))
    return 0


def _explain(args: argparse.Namespace, console: Console) -> int:
    from lading import settings
    from lading.checks import secrets
    from lading.detect import explain
    from lading.report import words
    from lading.source import Directory

    source = Directory(args.dir)
    decided = settings.load(source, arguments.flags(args), os.environ)
    told = explain.explain(source, decided, args.explain)
    console.data("\n".join(words.printable(secrets.redact(line)) for line in told))
    return 0


def _several(args: argparse.Namespace, console: Console, error: Exception) -> int:
    """Each backend of a repository that has several; `error` where it has not, or where none can be told."""
    from lading import stages
    from lading.detect import services
    from lading.errors import BadInput
    from lading.report import backends
    from lading.source import Directory

    flags = arguments.flags(args)
    found = (
        services.services(Directory(args.dir))
        if not flags.get("service") and not os.environ.get("LADING_SERVICE")
        else ()
    )
    if len(found) < 2:
        raise error
    known: list[backends.Backend] = []
    for fact in found:
        try:
            made = stages.inspect(args.dir, {**flags, "service": fact.value.folder})
            known.append(backends.Backend(service=fact, project=made))
        except BadInput as failed:
            known.append(backends.Backend(service=fact, error=str(failed), hint=failed.hint))
    several = backends.Backends(services=tuple(known))
    console.data(backends.json(several) if args.json else backends.texts(several, console.width, console.color))
    return 0 if any(one.project for one in known) else BadInput.status

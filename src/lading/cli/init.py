"""`lading init`: write the Dockerfile and what belongs to it; what the user edited is kept, or merged, and shown."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lading.cli import arguments, stack
from lading.cli.console import Console

if TYPE_CHECKING:
    from lading.render.drift import Change


#: The states that are more than a word: the user has something to decide, or to look at.
_TOLD = ("conflict", "foreign", "left", "merged")


def add(parser: argparse.ArgumentParser) -> None:
    """The flags, and an example."""
    parser.epilog = "example: lading init . --diff"
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--diff", action="store_true", help="show what would change, and write nothing")
    how.add_argument("--check", action="store_true", help="write nothing, and exit 1 when a file is not as we write it")
    how.add_argument("--force", action="store_true", help="replace files that were edited, too")
    parser.add_argument("--json", action="store_true", help="what was or would be done, as JSON")
    arguments.add_settings(parser, arguments.DETECT, arguments.PLAN)


def run(args: argparse.Namespace, console: Console) -> int:
    """Compare, say, and write unless that was not asked for."""
    from lading import cache, render, stages
    from lading.checks import sent

    stage = stages.start(args.dir, arguments.flags(args))
    changes = render.drift.compare_source(stage.plan, stage.context, force=args.force)
    writes = not (args.diff or args.check)
    made: list[str] = []
    told = stages.lost(stage, args.dir, [change.path for change in changes if change.replaces]) if writes else ()
    if writes:
        root = stage.root
        _stay(root, changes)
        for change in changes:
            if change.writes:
                # What is a link stays one, and what it leads to is written, with the mode that it has.
                place = Path(os.path.realpath(root / change.path))
                mode = place.stat().st_mode & 0o777 if place.exists() else 0o644
                cache.store(place, change.wanted.encode(), mode=mode)
            if change.removes:
                _remove(root, change.path)
        made = [render.layout.beside(stage.plan, path) for path in stack.secret_files(stage.plan, stage.home)]
    for leak in sent.leaks(stage.source, stage.plan.app.exclude):
        console.say(f"warning: {leak}\nhint: {leak.hint}")
    if told:
        lines = "\n  ".join(("[tool.lading]", *told))
        console.say(f"warning: what was replaced said what nothing else says; put into pyproject.toml:\n  {lines}")
    if args.json:
        rows = [
            {"path": change.path, "state": change.state, "writes": change.writes, "removes": change.removes}
            for change in changes
        ]
        console.data(json.dumps(rows, indent=2))
        return 1 if args.check and any(change.drifted for change in changes) else 0
    for line in _lines(changes, diffs=args.diff):
        console.data(line)
    for path in made:
        console.data(f"{'secret':9} {path}")
    return 1 if args.check and any(change.drifted for change in changes) else 0


def _stay(root: Path, changes: Iterable[Change]) -> None:
    """Raise `BadInput` where a link leads us out of the project, or to a file that is another than it seems."""
    from lading.errors import BadInput

    real = root.resolve()
    for change in changes:
        above = posixpath.dirname(change.path)
        place = (root / above).resolve()
        away = not place.is_relative_to(real) or (change.removes and place != real / above)
        if away and (change.writes or change.removes):
            raise BadInput("is a link to another place", where=above, hint="put a folder in its place")
        file = Path(os.path.realpath(root / change.path))
        if change.writes and not file.is_relative_to(real):
            raise BadInput("is a link to another place", where=change.path, hint="put a file in its place")
        if change.writes and file.is_dir():
            raise BadInput("is a folder, and a file is to be written there", where=change.path, hint="move it away")


def _remove(root: Path, path: str) -> None:
    """Remove the file, and the folders that hold nothing else. Raises `Outside` where it may not be removed."""
    from lading.errors import Outside

    try:
        (root / path).unlink(missing_ok=True)
    except OSError as error:
        raise Outside(f"`{path}` cannot be removed: {error.strerror}") from error
    for folder in (root / path).relative_to(root).parents[:-1]:
        try:
            (root / folder).rmdir()
        except OSError:
            return


def _lines(changes: Iterable[Change], *, diffs: bool) -> Iterator[str]:
    """A line for each file, and one for all modules of the launcher, which nobody reads one by one here."""
    from lading.render import launcher

    def together(change: Change) -> str:
        folder = posixpath.dirname(change.path)
        return folder + "/" if f"/{folder}".endswith(f"/{launcher.MODULES}") else change.path

    for path, group in itertools.groupby(changes, lambda change: change.path if change.removes else together(change)):
        mine = list(group)
        states = dict.fromkeys(change.state for change in mine if change.state != "same")
        yield f"{', '.join(states) or 'same':9} {path}"
        yield from dict.fromkeys(
            f"{'':9} {change.why}" for change in mine if change.state in _TOLD and not change.forced
        )
        yield from (change.diff for change in mine if diffs and change.diff)

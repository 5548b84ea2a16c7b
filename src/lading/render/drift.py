"""What the plan wants, what is there, and what was written last → what to do with each file, and why.

A file that nobody touched follows the plan. In one that somebody edited, what changes is merged with what they did,
where these are in different places; where they are not, it stays theirs, and is spoken of once each time that ours
changes, not again and again. A file that we never wrote is never written to.
"""

from __future__ import annotations

import difflib
import json
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from lading.detect import evidence_yaml
from lading.errors import BadInput
from lading.model import Plan
from lading.render.merge import merge
from lading.source import Source
from lading.written import FOLDER, RECORD, Last, copied, digest, lines, load, records, stands

State = Literal["new", "same", "update", "merged", "edited", "conflict", "foreign", "gone", "left"]

WHY: Mapping[State, str] = {
    "new": "it is not there yet",
    "same": "it is as the plan wants it",
    "update": "nobody edited it since lading wrote it, and the plan changed",
    "merged": "it was edited, and the plan changed elsewhere in it: it has both",
    "edited": "it was edited, and the plan did not change: it is kept",
    "conflict": "it was edited where the plan changed: it is kept, take what you want of what `--diff` shows",
    "foreign": "lading did not write it: it is kept, `--force` replaces it",
    "gone": "lading wrote it, nobody edited it, and the plan has it no more: it is removed",
    "left": "lading wrote it, and the plan has it no more: it is kept; remove it where nothing else needs it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file: what it is to be, what became of it, and the difference from what is there."""

    path: str
    state: State
    wanted: str
    diff: str = ""  # unified, from what is there to what is wanted
    forced: bool = False

    @property
    def writes(self) -> bool:
        """Whether `wanted` is to be written."""
        return self.state in {"new", "update", "merged"} or (self.forced and self.state not in {"same", "gone", "left"})

    @property
    def replaces(self) -> bool:
        """Whether what somebody wrote goes for it."""
        return self.writes and self.state in {"foreign", "edited", "conflict"}

    @property
    def removes(self) -> bool:
        """Whether the file is to be removed."""
        return self.state == "gone"

    @property
    def drifted(self) -> bool:
        """Whether somebody has to look at it: an edit that was seen before is a decision, not a drift."""
        return self.state not in {"same", "edited", "left"}

    @property
    def why(self) -> str:
        """The state, in a sentence."""
        return WHY[self.state]


def compare(
    wanted: Mapping[str, str],
    there: Mapping[str, str | None],
    written: Mapping[str, Last],
    home: str = ".",
    *,
    force: bool = False,
) -> tuple[Change, ...]:
    """What to do with each file of `wanted`, in its order, with those that were wanted before, and with the record.

    `there` has the text of what stands at each path, None where nothing does; `written` is what the record says, which
    is in the folder `home`. With `force`, what was edited becomes what is wanted.
    """
    place = posixpath.normpath(posixpath.join(home, RECORD))
    changes = [_change(path, text, there.get(path), written.get(path), force=force) for path, text in wanted.items()]
    former = {path: text for path in sorted({*written} - {*wanted}) if (text := there.get(path)) is not None}
    known = {change.path: _last(change, wanted[change.path], written.get(change.path)) for change in changes}
    changes += [_former(path, text, written[path]) for path, text in former.items()]
    # As long as it stands as we wrote it, it stays ours, and no evidence of what the project is.
    known |= {path: written[path] for path, text in former.items() if not _ours(path) and stands(text, written[path])}
    inner = {posixpath.relpath(path, home): last for path, last in known.items()}
    record = json.dumps(dict(sorted(inner.items())), indent=2, ensure_ascii=False) + "\n"
    before = there.get(place)
    state: State = "new" if before is None else "same" if lines(before) == lines(record) else "update"
    return (*changes, Change(path=place, state=state, wanted=record, diff=_diff(place, before, record)))


def compare_source(plan: Plan, source: Source, *, force: bool = False) -> tuple[Change, ...]:
    """`compare` for the files of `plan` and those of `source`; with `force`, edited files are replaced as well.

    Raises `BadInput` for a record or a file that is not text, and where another backend's Dockerfile has the place.
    """
    from lading import render

    wanted, home = render.files(plan), plan.layout.home
    place = render.layout.beside(plan, RECORD)
    _require_record(_text(source, place), place)
    known = records(source)
    own = known.get(home, {})
    others = {path: last for folder, one in known.items() if folder != home for path, last in one.items()}
    there = {path: _text(source, path) for path in (*wanted, place)}
    if plan.layout.dockerfile in others:
        _apart(plan, there[plan.layout.dockerfile])
    # What another record says of a file of ours is of the time when it stood elsewhere; and what is of another is not
    # told as one that nobody wants any more.
    written = {path: last for path, last in others.items() if path in wanted} | dict(own)
    written = {path: last for path, last in written.items() if path in wanted or path not in others}
    former = (path for path in written if path not in there and path in source.files)
    there |= {path: source.read(path).decode(errors="replace") for path in former}
    return compare(wanted, there, written, home, force=force)


def _apart(plan: Plan, there: str | None) -> None:
    """Raise `BadInput` where the Dockerfile that stands in the place of the plan's is that of another backend."""
    folder = copied(there) if there is not None else plan.layout.code
    if folder != plan.layout.code:
        code = plan.layout.code
        own = "Dockerfile" if code == "." else f"{code}/Dockerfile"
        raise BadInput(
            f"`{plan.layout.dockerfile}` is the Dockerfile of another backend of this repository"
            + (f", `{folder}`" if folder else ""),
            where=plan.because.get("layout", ""),
            hint=f"give each a place of its own: `--dockerfile {own}` here, in place of what says one for all",
        )


def _change(path: str, wanted: str, there: str | None, last: Last | None, *, force: bool) -> Change:
    state: State
    if there is None:
        state = "new"
    elif lines(there) == lines(wanted):
        state = "same"
    elif last is None:
        state = "foreign"
    elif stands(there, last):
        state = "update"
    elif stands(wanted, last):
        state = "edited"
    elif not force and (both := _merged(path, last, there, wanted)) is not None:
        # What changed may be there already, by hand.
        state = "edited" if lines(both) == lines(there) else "merged"
        return Change(path=path, state=state, wanted=both, diff=_diff(path, there, both))
    else:
        state = "conflict"
    return Change(path=path, state=state, wanted=wanted, diff=_diff(path, there, wanted), forced=force)


def _merged(path: str, last: Last, there: str, wanted: str) -> str | None:
    """What is there with what changed since it was written; None where that cannot be told, or is in one place.

    It is in one place, too, where both sides made a service of one name: Compose reads no file that says a key twice.
    """
    merged = None if isinstance(last, str) else merge(last, lines(there), lines(wanted))
    end = "\r\n" if there.count("\r\n") * 2 > there.count("\n") else "\n"
    both = None if merged is None else "".join(f"{line}{end}" for line in merged)
    if both is None or not path.endswith((".yaml", ".yml")):
        return both
    unread = [len(evidence_yaml.read_strictly(text)[1]) for text in (there, both)]
    return both if unread[0] >= unread[1] else None


def _last(change: Change, wanted: str, last: Last | None) -> Last:
    """What the record says of a file from now on: the lines of one that is ours, and that people may edit."""
    written = change.writes or change.state == "same" or isinstance(last, tuple)
    return tuple(lines(wanted)) if written and not _ours(change.path) else digest(wanted)


def _ours(path: str) -> bool:
    """Whether a file is in our folder, where nobody looks for files of their own."""
    return FOLDER in path.split("/")[:-1]


def _former(path: str, there: str, last: Last) -> Change:
    """A file that was written for an earlier plan, or by an earlier lading."""
    gone = _ours(path) and stands(there, last)
    return Change(path=path, state="gone" if gone else "left", wanted="")


def _diff(path: str, there: str | None, wanted: str) -> str:
    before: Iterable[str] = [] if there is None else lines(there)
    old = "/dev/null" if there is None else path
    return "\n".join(difflib.unified_diff(list(before), lines(wanted), old, f"{path} (plan)", lineterm=""))


def _text(source: Source, path: str) -> str | None:
    if path not in source.files:
        return None
    try:
        return source.read(path).decode()
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8; without it, `lading init` writes it anew"
        raise BadInput("is not UTF-8 text", where=path, hint=hint) from error


def _require_record(text: str | None, where: str) -> None:
    """Raise `BadInput` for a record that says nothing: whose the files are is then not known."""
    hint = "delete it: files that differ then count as yours"
    try:
        load(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BadInput("is not JSON", where=where, hint=hint) from error
    except TypeError as error:
        raise BadInput("must map paths to hashes or lines", where=where, hint=hint) from error

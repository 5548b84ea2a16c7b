"""Three texts, line by line → one that has both sides' changes, where these are in different places.

The classic three-way merge, as `diff3 -m` does it, without its conflict markers: a file that holds markers builds
nothing, and nobody asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class _Edit:
    """The lines from `start` to before `end` became `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """The lines of `base` with what `mine` changed and what `theirs` changed.

    The same change on both sides is made once. None where both changed the same lines, or lines that touch: which of
    them comes first, or whether one is meant to take the other's place, is for a person to say.
    """
    edits = sorted({*_edits(base, mine), *_edits(base, theirs)}, key=lambda edit: (edit.start, edit.end))
    merged: list[str] = []
    at = 0
    for number, edit in enumerate(edits):
        if number and edit.start <= edits[number - 1].end:
            return None
        merged += base[at : edit.start]
        merged += edit.lines
        at = edit.end
    return [*merged, *base[at:]]


def _edits(base: Sequence[str], changed: Sequence[str]) -> Iterator[_Edit]:
    """What was done to `base`; two edits of one side have at least a line between them."""
    # Without `autojunk`, by which a line that is often there, such as a blank one, would be no landmark.
    for kind, start, end, first, last in SequenceMatcher(None, base, changed, autojunk=False).get_opcodes():
        if kind != "equal":
            yield _Edit(start, end, tuple(changed[first:last]))

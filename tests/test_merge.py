"""What we wrote last, what is there, what we would write → both changes, or nobody's."""

import random

import pytest

from lading.render.merge import merge

BASE = ["one", "two", "three", "four", "five", "six"]


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        ("one two three four five six", "one two three four five six", "one two three four five six"),
        ("ONE two three four five six", "one two three four five six", "ONE two three four five six"),
        ("one two three four five six", "one two three four five SIX", "one two three four five SIX"),
        ("ONE two three four five six", "one two three four five SIX", "ONE two three four five SIX"),
        (
            "zero one two three four five six",
            "one two three four five six seven",
            "zero one two three four five six seven",
        ),
        ("one two four five six", "one two three four five more six", "one two four five more six"),
        ("one 2 three four five six", "one 2 three four five six", "one 2 three four five six"),
        ("one 2 three four five six", "one 2 three four 5 six", "one 2 three four 5 six"),
        ("one two three four five six mine", "one two three four five six mine", "one two three four five six mine"),
        ("", "one two three four five six", ""),
        # One line, lines that touch, two new ones in one place, one removed that the other changed.
        ("one 2 three four five six", "one zwei three four five six", None),
        ("one 2 three four five six", "one two 3 four five six", None),
        ("one two three four five six mine", "one two three four five six theirs", None),
        ("one three four five six", "one 2 three four five six", None),
        ("", "one two three four five 6", None),
        ("nothing of ours", "one two three four five 6", None),
    ],
)
def test_what_is_changed_in_different_places_is_merged(mine: str, theirs: str, merged: str | None) -> None:
    assert merge(BASE, mine.split(), theirs.split()) == (None if merged is None else merged.split())
    assert merge(BASE, theirs.split(), mine.split()) == (None if merged is None else merged.split())


def test_a_merge_has_every_line_that_either_side_added_and_none_that_either_removed() -> None:
    """Lines that are all different, changed at random: a merge is a set operation on them, and in order."""
    chance = random.Random(0)
    merges = 0
    for _ in range(500):
        base = [f"line {number}" for number in range(30)]
        mine, theirs = (changed(base, side, chance) for side in ("mine", "theirs"))
        merged = merge(base, mine, theirs)
        if merged is None:
            continue
        merges += 1
        gone = {line for line in base if line not in mine or line not in theirs}
        assert set(merged) == {*base, *mine, *theirs} - gone
        for side in (mine, theirs):  # in the order of each side
            common = [line for line in merged if line in side]
            assert common == [line for line in side if line in merged]
    assert 50 < merges < 450


def changed(base: list[str], side: str, chance: random.Random) -> list[str]:
    lines = list(base)
    for number in range(chance.randint(0, 3)):
        at = chance.randrange(len(lines))
        lines[at : at + chance.randint(0, 2)] = [f"{side} {number}.{part}" for part in range(chance.randint(0, 2))]
    return lines

"""Versions, relations and the closure: which packages a base is made of."""

from __future__ import annotations

import itertools

import pytest
from debian_mirror import Made

from lading.debian import packages, resolve, version
from lading.debian.resolve import Relation
from lading.errors import BadInput, Error, Outside

#: In ascending order; each is less than all that follow. From the text of Policy 5.6.12, and dpkg's answers.
ASCENDING = (
    "1.0~~", "1.0~~a", "1.0~", "1.0~rc1", "1.0~rc1-1", "1.0", "1.0-0.1", "1.0-1~bpo1", "1.0-1", "1.0-1+b1",
    "1.0-1+deb13u1", "1.0-1.1", "1.0-2", "1.0-10", "1.0a", "1.0+dfsg-1", "1.0.1", "1.2", "1.10", "1.10-a-1",
    "1:0.5", "2:0",
)  # fmt: skip


def test_versions_sort_by_policy() -> None:
    for lower, higher in itertools.combinations(ASCENDING, 2):
        assert version.key(lower) < version.key(higher), f"{lower} < {higher}"


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.01", "1.1"), ("1.0", "1.00"), ("a", "a0")]
)
def test_some_versions_are_equal_that_are_not_the_same_text(one: str, other: str) -> None:
    assert version.key(one) == version.key(other)


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("<<", (True, False, False)),
        ("<=", (True, True, False)),
        ("=", (False, True, False)),
        (">=", (False, True, True)),
        (">>", (False, False, True)),
        ("", (True, True, True)),
    ],
)
def test_a_relation_holds_below_at_and_above_its_version(operator: str, holds: tuple[bool, bool, bool]) -> None:
    assert tuple(version.satisfies(one, operator, "2.0") for one in ("1.9", "2.0", "2.0-1")) == holds


def test_a_relationship_field_is_read_as_policy_writes_it() -> None:
    text = "libc6 (>= 2.38), python3:any (<<3.14~) | python3-minimal, g++-14"
    assert list(resolve.relations(text)) == [
        (Relation("libc6", ">=", "2.38"),),
        (Relation("python3", "<<", "3.14~"), Relation("python3-minimal")),
        (Relation("g++-14"),),
    ]


def catalogue(*made: Made, fixes: tuple[Made, ...] = ()) -> packages.Catalogue:
    texts = [
        ("debian", "\n".join(one.paragraph for one in made).encode()),
        ("debian-security", "\n".join(one.paragraph for one in fixes).encode()),
    ]
    return packages.catalogue(texts, architecture="amd64", suite="trixie")


def made(name: str, version: str = "1.0", **fields: str) -> Made:
    return Made(name=name, version=version, fields={key.replace("_", "-"): value for key, value in fields.items()})


@pytest.mark.parametrize(
    ("there", "wanted", "chosen"),
    [
        ([made("a", Depends="b", Pre_Depends="c"), made("b"), made("c"), made("d")], ["a"], ["a", "b", "c"]),
        ([made("a", Depends="b"), made("b", Depends="a")], ["a"], ["a", "b"]),
        ([made("a", Depends="x | b | c"), made("b"), made("c")], ["a"], ["a", "b"]),
        ([made("a", Depends="b | c"), made("b"), made("c")], ["a", "c"], ["a", "c"]),
        ([made("a", Depends="b (>= 2) | c"), made("b"), made("c")], ["a"], ["a", "c"]),
        ([made("a", Depends="b:any (>= 1)"), made("b")], ["a"], ["a", "b"]),
        ([made("a", Depends="v"), made("z", Provides="v"), made("y", Provides="v, w")], ["a"], ["a", "y"]),
        (
            [made("a", Depends="v"), made("y", Provides="v"), made("z", Provides="v", Priority="required")],
            ["a"],
            ["a", "z"],
        ),
        ([made("a", Depends="v"), made("y", Provides="v"), made("z", Provides="v")], ["a", "z"], ["a", "z"]),
        (
            [made("a", Depends="v (>= 2)"), made("y", Provides="v"), made("z", Provides="v (= 2.1)")],
            ["a"],
            ["a", "z"],
        ),
        ([made("a", Depends="debconf (>= 0.5) | debconf-2.0"), made("debconf")], ["a"], ["a"]),
        ([made("a", Depends="debconf"), made("debconf")], ["a", "debconf"], ["a", "debconf"]),
        ([made("ca-certificates", Depends="openssl"), made("openssl")], ["ca-certificates"], ["ca-certificates"]),
        ([made("a", Depends="openssl"), made("openssl")], ["a"], ["a", "openssl"]),
        ([made("a", Conflicts="v", Provides="v"), made("b", Breaks="a (<< 1)")], ["a", "b"], ["a", "b"]),
    ],
    ids=[
        "depends and pre-depends", "a circle", "the first alternative that there is",
        "an alternative that is there already", "an alternative of the right version", "an architecture qualifier",
        "a virtual package, by name", "a virtual package, by priority", "a virtual package that is there already",
        "a versioned virtual package", "not followed", "not followed, but asked for", "not followed for one package",
        "followed for another", "conflicts with itself, breaks an older one",
    ],
)  # fmt: skip
def test_the_closure(there: list[Made], wanted: list[str], chosen: list[str]) -> None:
    assert [one.name for one in resolve.closure(wanted, catalogue(*there))] == chosen
    assert [one.name for one in resolve.closure(wanted, catalogue(*reversed(there)))] == chosen


def test_the_newest_is_taken_and_at_equal_versions_the_one_of_the_mirror_itself() -> None:
    there = catalogue(made("a", "1.0-1"), made("b", "1.0-1"), fixes=(made("a", "1.0-1+deb13u1"), made("b", "1.0-1")))
    found = resolve.closure(["a", "b"], there)
    assert [(one.name, one.version, one.archive) for one in found] == [
        ("a", "1.0-1+deb13u1", "debian-security"),
        ("b", "1.0-1", "debian"),
    ]


@pytest.mark.parametrize(
    ("there", "wanted", "kind", "message", "hint"),
    [
        (
            [made("ffmpeg"), made("ffmpegfs"), made("libffi8")],
            ["ffmpge"],
            BadInput,
            "there is no package `ffmpge` in Debian trixie for amd64",
            "did you mean `ffmpeg` or `ffmpegfs`?",
        ),
        (
            [made("libffi8")],
            ["python3.12-minimal"],
            BadInput,
            "there is no package `python3.12-minimal` in Debian trixie for amd64",
            "the names are those that `apt search` finds on Debian",
        ),
        (
            [made("exim4", Provides="mail-transport-agent"), made("postfix", Provides="mail-transport-agent")],
            ["mail-transport-agent"],
            BadInput,
            "there is no package `mail-transport-agent` in Debian trixie for amd64",
            "it is a name for one of several: choose `exim4` or `postfix`",
        ),
        (
            [made("a", Depends="b (>= 2.0)"), made("b", "1.9-1")],
            ["a"],
            Outside,
            "`a` 1.0 needs `b (>= 2.0)`, and Debian trixie for amd64 has b 1.9-1",
            "the mirror may be in the middle of an update: try again in a while",
        ),
        (
            [made("a", Depends="b | c (= 3)")],
            ["a"],
            Outside,
            "`a` 1.0 needs `b` or `c (= 3)`, and Debian trixie for amd64 has no such package",
            "the mirror may be in the middle of an update: try again in a while",
        ),
        (
            [made("a", Conflicts="v"), made("b", Provides="v")],
            ["a", "b"],
            BadInput,
            "the packages `a` and `b` exclude each other",
            "leave one of them out of `packages`",
        ),
    ],
    ids=["unknown, like others", "unknown", "virtual", "version", "missing", "conflict"],
)
def test_what_cannot_be_had_is_said(
    there: list[Made], wanted: list[str], kind: type[Error], message: str, hint: str
) -> None:
    with pytest.raises(kind) as error:
        resolve.closure(wanted, catalogue(*there))
    assert (error.value.message, error.value.hint) == (message, hint)

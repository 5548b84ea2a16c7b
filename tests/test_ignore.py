"""The patterns of a `.dockerignore`, each against a whole tree; and the same tree and patterns given to BuildKit."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from lading import ignore
from lading.errors import BadInput

TREE = (
    " lead.txt", "!bang.txt", "!x.txt", "#hash.txt", ".env", "[x].txt", "a b.txt", "a*b.txt", "a.b/c.txt", "a.md",
    "a/b/c/d.txt", "a/c/d.txt", "aXb.txt", "ab/c.txt", "app/.env", "app/.env.local", "app/main.py", "app/prompts/p.md",
    "app/services/tests.py", "app/sub/x.pyc", "app/tests/t.py", "app/x.pyc", "axb/c.txt", "back\\slash.txt", "c.txt",
    "d.txt", "docs/a.md", "docs/keep/c.md", "docs/templates/b.md", "foo/bar/baz.txt", "foo/bar/keep.txt",
    "foo/other.txt", "foobar.txt", "p(1)+.txt", "q/a/z/b.txt", "q/ab.txt", "templates/mail.md", "tests/t.py", "x.txt",
    "xfoo/y.txt", "y/[x].txt", "ü/x.txt", "ü/é.txt",
)  # fmt: skip


def left(patterns: str) -> list[str]:
    """What `patterns` leave out of `TREE`."""
    ignored = ignore.matcher(ignore.parse(patterns))
    return [path for path in TREE if ignored(path)]


#: Patterns, and what they leave out.
CASES = {
    "*.pyc": [],
    "**/*.pyc": ["app/sub/x.pyc", "app/x.pyc"],
    "tests/": ["tests/t.py"],
    "/tests": ["tests/t.py"],
    "**/tests": ["app/tests/t.py", "tests/t.py"],
    "**/tests/": ["app/tests/t.py", "tests/t.py"],
    "app/**/tests": ["app/tests/t.py"],
    ".env*": [".env"],
    "**/.env*": [".env", "app/.env", "app/.env.local"],
    "docs\n!docs/keep": ["docs/a.md", "docs/templates/b.md"],
    "docs/**\n!docs/keep/c.md": ["docs/a.md", "docs/templates/b.md"],
    "docs\n!docs": [],
    "!docs\ndocs/keep": ["docs/keep/c.md"],
    "**/*.md\n!**/templates/**/*.md": ["a.md", "app/prompts/p.md", "docs/a.md", "docs/keep/c.md"],
    "**/*.md\n!**/templates/**/*.md\ndocs": [
        "a.md", "app/prompts/p.md", "docs/a.md", "docs/keep/c.md", "docs/templates/b.md",
    ],
    "foo\n!foo/bar\nfoo/bar/baz.txt": ["foo/bar/baz.txt", "foo/other.txt"],
    "a/**/d.txt": ["a/b/c/d.txt", "a/c/d.txt"],
    "a/**": ["a/b/c/d.txt", "a/c/d.txt"],
    "a**b": ["a/b/c/d.txt", "ab/c.txt"],
    "q/a**b.txt": ["q/a/z/b.txt", "q/ab.txt"],
    "**/**/d.txt": ["a/b/c/d.txt", "a/c/d.txt", "d.txt"],
    "?.txt": ["c.txt", "d.txt", "x.txt"],
    "[a-c].txt": ["c.txt"],
    "[^a-c].txt": ["d.txt", "x.txt"],
    "[!x].txt": ["x.txt"],
    "[\\]x].txt": ["x.txt"],
    "\\[x\\].txt": ["[x].txt"],
    "**/[x].txt": ["x.txt", "ü/x.txt"],
    "a*b.txt": ["a b.txt", "a*b.txt", "aXb.txt"],
    "a\\*b.txt": ["a*b.txt"],
    "a b.txt": ["a b.txt"],
    "back\\\\slash.txt": ["back\\slash.txt"],
    "#hash.txt": [],
    "\\#hash.txt": ["#hash.txt"],
    " lead.txt": [],
    "\\!bang.txt": ["!bang.txt"],
    "ü": ["ü/x.txt", "ü/é.txt"],
    "*.txt\n! x.txt\n!?.txt": [
        " lead.txt", "!bang.txt", "!x.txt", "#hash.txt", "[x].txt", "a b.txt", "a*b.txt", "aXb.txt", "back\\slash.txt",
        "foobar.txt", "p(1)+.txt",
    ],
    "?x.txt\n!!x.txt": [],
    "./foo/./other.txt": ["foo/other.txt"],
    "foo/../foobar.txt": ["foobar.txt"],
    "foo//bar/": ["foo/bar/baz.txt", "foo/bar/keep.txt"],
    "foo/bar # comment": [],
    "x.txt\t\n\n": ["x.txt"],
    ".": [],
    "../foo": [],
}  # fmt: skip

#: What BuildKit does since Docker 23, and the older one of some engine tests does not: it took `(`, `+` and the like
#: as a regular expression's, and never looked into a folder that was left out for what a `!` with a star takes back.
NEWER = {
    "p(1)+.txt": ["p(1)+.txt"],
    "**.md": ["a.md", "app/prompts/p.md", "docs/a.md", "docs/keep/c.md", "docs/templates/b.md", "templates/mail.md"],
    "docs\n!docs/*/c.md": ["docs/a.md", "docs/templates/b.md"],
    "docs\n!**/b.md": ["docs/a.md", "docs/keep/c.md"],
}

REFUSED = ("!", "[x", "a[]b", "[]x].txt", "\\", "[a-]", "[-a]")


@pytest.mark.parametrize("patterns", CASES | NEWER)
def test_a_pattern_leaves_out(patterns: str) -> None:
    assert left(patterns) == (CASES | NEWER)[patterns]


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_pattern_that_docker_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput) as caught:
        left(pattern)
    assert caught.value.message.startswith(f"`{pattern}` is not a pattern")
    assert caught.value.where == ".dockerignore"


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_pattern() -> None:
    assert ignore.parse("\ufeff# a comment\r\n**/*.pyc\r\n\r\n!x\r\n") == ("**/*.pyc", "!x")


def test_no_pattern_leaves_nothing_out() -> None:
    assert left("") == []


# ── the same, asked of the real one ──────────────────────────────────────────────────────────────────────────────────


@cache
def docker() -> str:
    """A Docker client that has BuildKit in it or beside it: where several are installed, not each of them does."""
    for folder in os.get_exec_path():
        found = shutil.which("docker", path=folder)
        if found and (
            subprocess.run([found, "buildx", "version"], capture_output=True, check=False).returncode == 0
            or subprocess.run([found, "--version"], capture_output=True, check=True).stdout.startswith(
                b"Docker version 20"
            )
        ):
            return found
    pytest.fail("no Docker client with BuildKit is installed")


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for path in TREE:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return root


def build(context: Path, patterns: str, out: Path) -> subprocess.CompletedProcess[str]:
    (context / ".dockerignore").write_text(patterns)
    return subprocess.run(
        [docker(), "build", "--quiet", "--output", out, context],
        env={**os.environ, "DOCKER_BUILDKIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize("patterns", CASES)
def test_buildkit_leaves_out_the_same(patterns: str, context: Path, tmp_path: Path) -> None:
    done = build(context, patterns, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path for path in TREE if not (tmp_path / path).exists()] == left(patterns)


@pytest.mark.engine
@pytest.mark.parametrize("pattern", REFUSED)
def test_buildkit_refuses_the_same(pattern: str, context: Path, tmp_path: Path) -> None:
    done = build(context, pattern, tmp_path)
    assert done.returncode != 0
    assert "excludepatterns" in done.stderr

"""Changes to files as no editor makes them: each is decided by its number alone, so that a failure can be repeated."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Tree = dict[str, str | bytes]

#: What formats give a meaning to, and what readers trip over.
_TOKENS: Sequence[bytes] = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\t", b"\\", b"'", b'"', b'"""', b"'''", b"[", b"]", b"[[", b"{", b"}",
    b"(", b")", b"<", b">", b"=", b"==", b":", b";", b",", b".", b"..", b"../", b"/", b"//", b"*", b"**", b"&a", b"*a",
    b"!", b"!!python/object", b"|", b">-", b"---", b"#", b"%", b"%(here)s", b"%%", b"$", b"${", b"${A:-${A}}", b"$(",
    b"`",
    b"-", b"--", b"-r ", b"-r requirements.txt", b"-c ", b"-e .", b"--hash=", b"@ git+https://u:p@h/x",
    b"\\N{DIGIT ONE}",
    b"\\ud800", b"\xed\xa0\x80", b"1e999", b"9" * 5000, b"0x" + b"f" * 5000, b"null", b"true", b"~", b"\n\n", b"\\\n",
    b"lambda: ", b"await ", b"async ", b"match x:\n case ", b"def f(", b"class C(", b"@", b"import ",
    b"from . import *",
    b"FROM ", b"RUN ", b"CMD [", b"<<EOF", b"[tool.", b"[project]\n", b"a" * 3000, b"(" * 300, b"[" * 300, b"x." * 300,
)  # fmt: skip


def _cut(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:start] + data[end:]


def _double(data: bytes, chance: random.Random) -> bytes:
    start, end = _span(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 2, 50)) + data[end:]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _insert(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(data))
        data = data[:at] + chance.choice(_TOKENS) + data[at:]
    return data


def _end(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randint(0, len(data))]


def _swap(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"".join(lines)


def _indent(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    lines[at] = chance.choice((b" ", b"\t", b"    ")) * chance.randint(1, 9) + lines[at].lstrip()
    return b"".join(lines)


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.choice((1, 2, 8, 64, 512)))


_CHANGES: Sequence[Callable[[bytes, random.Random], bytes]] = (
    _cut,
    _double,
    _flip,
    _insert,
    _insert,
    _end,
    _swap,
    _indent,
)


def mutate(trees: Sequence[Mapping[str, bytes]], number: int) -> Tree:
    """The tree that has the number: one of `trees` with one, two or three of its files spoilt, or given "
    "another's text."""
    chance = random.Random(number)
    tree = dict(chance.choice(trees))
    for _ in range(chance.choice((1, 1, 2, 3))):
        path = chance.choice(sorted(tree))
        data = tree[path]
        if chance.random() < 0.05:
            data = tree[chance.choice(sorted(tree))]
        for _ in range(chance.choice((1, 1, 2, 4))):
            if data:
                data = chance.choice(_CHANGES)(data, chance)
        tree[path] = data
    return {**tree}


def read(root: Path) -> dict[str, bytes]:
    """The files below a folder that are small enough to be spoilt often."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and path.stat().st_size < 200_000)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}

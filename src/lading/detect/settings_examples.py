"""A variable → the example that files beside the code give: `.env.example`, compose, Dockerfiles, CI, READMEs."""

from __future__ import annotations

import posixpath
import re

from lading.detect import evidence_tree
from lading.detect.code import Code
from lading.errors import BadInput
from lading.source import Source

_NAMED = re.compile(
    r"\.?env(?:\..*|-.*|_.*)?|.*\.env(?:\..*)?|(?:docker-)?compose.*\.ya?ml|.*Dockerfile.*|README.*", re.IGNORECASE
)
#: Files that are there to be copied: `.env.example`, `sample.env`, `env.dist`. Any other, `.env` and `.env.local`, is
#: somebody's own, and what it says must not get into a file of ours.
_COPIED = re.compile(
    r"(?=(?:.*[._-])?(?:example|sample|template|tmpl|dist|default)s?(?:[._-]|$))(?:.*[._-])?env(?:[._-].*)?",
    re.IGNORECASE,
)
#: What stands for a value, and is none.
_NONE = re.compile(
    r".*[$<>{}].*|\W*(?:your|change|replace|insert|enter|put[_ -]|xxx|todo|secret).*|none|null|\.+", re.IGNORECASE
)
#: Names of what may be somewhere: a trial gives nobody's real address.
_PLACES = re.compile(
    r"(?:^|_)(?:HOST(?:_?NAME)?|SERVER|ADDR(?:ESS)?|ENDPOINT|DOMAIN|UR[IL]|DSN|BROKER|BACKEND|E?MAIL|FROM|TO)S?$",
    re.IGNORECASE,
)
#: What is an address without a scheme: `mail.example.com:587`, `10.0.0.5`.
_ADDRESS = re.compile(r"[\w.-]+:\d{1,5}|\d{1,3}(?:\.\d{1,3}){3}")
_LARGEST = 300_000
_MOST = 60
_LONGEST = 200


def files(source: Source) -> tuple[str, ...]:
    """The files that may give examples, the nearest to the root first."""
    found = [
        path
        for path in source.files
        if _NAMED.fullmatch(posixpath.basename(path))
        or (path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml")))
    ]
    return tuple(sorted(found, key=lambda path: (path.count("/"), path))[:_MOST])


def value(source: Source, name: str) -> str:
    """The first value that such a file gives the variable `name`; empty where none does. Never to be shown."""
    pattern = re.compile(
        rb"(?<![\w])" + re.escape(name.encode()) + rb"""["']?\s*[:=]\s*(?:\$\{\w+:-)?["']?([^\s"'}]+)"""
    )
    for path in files(source):
        try:
            data = source.read(path)
        except BadInput:
            continue
        for found in pattern.finditer(data[:_LARGEST]):
            return found[1].decode(errors="replace")
    return ""


def shown(code: Code, name: str) -> str | None:
    """What a file that is there to be copied gives the variable `name`, which is no secret; None: nothing usable.

    No address is taken: what is told of an application that is only tried must not reach anybody.
    """
    if _PLACES.search(name):
        return None
    line = re.compile(rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)
    for path in _copied(code):
        for found in line.finditer(evidence_tree.text(code, path).replace("\r\n", "\n")):
            quoted = re.fullmatch(r"""(["'])(.*?)\1(?:\s*#.*)?""", found[1])
            text = quoted[2] if quoted else re.sub(r"\s+#.*$", "", found[1])
            if (
                text
                and len(text) < _LONGEST
                and "://" not in text
                and not (_NONE.fullmatch(text) or _ADDRESS.fullmatch(text))
            ):
                return text
    return None


def _copied(code: Code) -> tuple[str, ...]:
    key = ("copied",)
    if key not in code.memo:
        every = (*code.source.files, *evidence_tree.above(code))
        found = [path for path in every if _COPIED.fullmatch(posixpath.basename(path))]
        code.memo[key] = tuple(sorted(found, key=lambda path: (path.count("/"), path))[:_MOST])
    files: tuple[str, ...] = code.memo[key]
    return files

"""What the application imports, and no dependency brings → the project's own extras that it cannot start without.

A server may well be an extra: `pip install project[api]`. Where an image for production says which, that stands; this
is for a project whose plain dependencies have no FastAPI.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from lading import dependencies
from lading.dependencies import requirement
from lading.detect.code import Code
from lading.model import Dependencies, Fact
from lading.source import Source

#: Modules whose distribution has another name, as far as backends import them.
MODULES = {
    "attr": "attrs", "bs4": "beautifulsoup4", "cv2": "opencv-python", "dateutil": "python-dateutil",
    "dotenv": "python-dotenv", "github": "pygithub", "jose": "python-jose", "jwt": "pyjwt", "magic": "python-magic",
    "multipart": "python-multipart", "mysqldb": "mysqlclient", "pil": "pillow", "psycopg2": "psycopg2-binary",
    "skimage": "scikit-image", "sklearn": "scikit-learn", "socketio": "python-socketio", "yaml": "pyyaml",
    "zmq": "pyzmq",
}  # fmt: skip

_SQLITE, _ASYNC = re.compile(rb"[\"']sqlite:///"), re.compile(rb"\b(?:AsyncSession|create_async_engine|AsyncEngine)\b")
_DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb", "oracle", "mssql")
_DRIVER = re.compile(rf"\b(?:{'|'.join(_DIALECTS)})\+(\w+):".encode())


def needed(code: Code, reached: Collection[str], declared: Fact[Dependencies]) -> Fact[Dependencies]:
    """`declared`; where that has no FastAPI, with the fewest extras that bring what is imported."""
    source = code.source
    if dependencies.serves(declared.value) or declared.value.extras:
        return declared
    brought = _brought(source, declared.value)
    if not any("fastapi" in names for names in brought.values()):
        return declared
    wanted = _imported(code, reached) - _names((*declared.value.requirements, *declared.value.pinned))
    chosen = _fewest(wanted, brought)
    with_extras = dependencies.find(source, chosen)
    others = tuple(
        f"`{extra}`: an extra that the application does not import" for extra in brought if extra not in chosen
    )
    return Fact(
        with_extras.value, with_extras.because, confidence="likely", others=(*with_extras.others, *others), key="extras"
    )


def _fewest(wanted: set[str], brought: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Greedily: the extra with FastAPI that brings the most of what is wanted, then each that still brings some."""
    chosen: list[str] = []
    left, must = set(wanted), {"fastapi"}
    while True:
        gains = {
            extra: (len(names & must), len(names & left), -len(names))
            for extra, names in brought.items()
            if names & (left | must)
        }
        best = max(gains, key=lambda extra: gains[extra], default=None)
        if best is None:
            return tuple(chosen)
        chosen.append(best)
        left -= brought[best]
        must = set()


def _brought(source: Source, declared: Dependencies) -> dict[str, frozenset[str]]:
    """Each extra, with the distributions that it adds."""
    plain = _names(declared.requirements)
    found: dict[str, frozenset[str]] = {}
    for extra in dependencies.extras(source):
        found[extra] = frozenset(_names(dependencies.find(source, (extra,)).value.requirements) - plain)
    return found


def _names(requirements: Iterable[str]) -> set[str]:
    names = {requirement.name(text)[0] for text in requirements}
    return names | {name.removesuffix("-binary") for name in names}


def _imported(code: Code, reached: Collection[str]) -> set[str]:
    """The distributions of the modules that the application imports, and the drivers that its addresses name."""
    tops: set[str] = set()
    own = {part for folder in code.packages for part in folder.split("/")}  # also of a library that lives in the tree
    for path in reached:
        tops |= {imported.module.partition(".")[0] for imported in code.imports(path) if not imported.level}
    for path in code.having(reached, *(f"{dialect}+".encode() for dialect in _DIALECTS)):
        tops |= {name.decode() for name in _DRIVER.findall(code.data(path))}
    found: set[str] = set()
    for top in tops - own:
        name = requirement.normal(top)
        found |= {name, MODULES.get(name, name)}
    if any(_SQLITE.search(code.data(path)) for path in code.having(reached, b"sqlite:///")) and any(
        _ASYNC.search(code.data(path))
        for path in code.having(reached, b"AsyncSession", b"create_async_engine", b"AsyncEngine")
    ):
        found.add("aiosqlite")
    return found

"""A repository → its backends, each a folder with a manifest and a FastAPI application, and the one that is meant."""

from __future__ import annotations

import bisect
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from lading import views, written
from lading.dependencies import installs, requirements
from lading.detect.code import Code, aside
from lading.errors import BadInput, NotFound
from lading.model import Fact, Service
from lading.settings import Settings
from lading.source import Source

#: Folders whose applications serve nobody: stand-ins for tests, templates, what a developer starts by hand.
_ASIDE = frozenset(
    {
        "cookiecutter", "demo", "demos", "e2e", "hack", "mock", "mocks", "playground", "sandbox", "scaffold",
        "snippets", "template", "templates", "tutorial", "tutorials", "workshop",
    }
)  # fmt: skip

#: Folders of what runs beside a backend, where nothing else is one.
_LESS = frozenset({"benchmarking", "bin", "ci", "devtools", "plugins", "extensions", "scripts", "tools", "utils"})

_APPLICATION = re.compile(rb"\bFastAPI\(|^class \w+\((?:[\w.]+, *)*(?:fastapi\.)?FastAPI[,)]", re.MULTILINE)

#: Files that declare dependencies, and what is in those that do.
_MANIFESTS = {
    **dict.fromkeys(("Pipfile", "uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"), re.compile(rb"")),
    "setup.cfg": re.compile(rb"install_requires"),
    "setup.py": re.compile(rb"setuptools"),
    "pyproject.toml": re.compile(
        rb"^\s*(?:dependencies\b|dynamic\b|\[tool\.poetry\.dependencies|\[project\])", re.MULTILINE
    ),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that is meant, as a tree of its own, and every backend of the repository, that one first."""

    code: Code
    services: tuple[Fact[Service], ...]

    @property
    def told(self) -> tuple[Fact[Service], ...]:
        """The backends, where there is a thing to say: more than one, or one that is not the root."""
        return self.services if [one.value.folder for one in self.services] not in ([], ["."]) else ()


def services(source: Source) -> tuple[Fact[Service], ...]:
    """Every backend of `source`: the root first, then the others by their folder."""
    return _services(Code(written.without(source)))


def choose(source: Source, settings: Settings) -> Choice:
    """The backend that the setting `service` names; else the root, or the one subfolder that holds a backend.

    Nothing that we wrote is in its tree.

    Raises `BadInput` when several do and nothing says which, and when the setting names none.
    """
    code = Code(written.without(source))
    found = _services(code)
    if settings.given("service"):
        return _choice(code, _named(settings, found, code.source), found)
    if not found or found[0].value.folder == ".":
        return _choice(code, found[0], found) if found else Choice(code, ())
    if len(found) > 1 and (shipped := _shipped(code, found)):
        return _choice(code, shipped, found)
    if len(found) > 1:
        names = ", ".join(f"`{one.value.name}` ({one.because})" for one in found)
        raise BadInput(
            f"the repository holds {len(found)} backends, and nothing says which one to ship: {names}",
            hint=f"choose with `--service {found[0].value.name}`, or give its folder: `{found[0].value.folder}`",
        )
    return _choice(code, found[0], found)


def _shipped(code: Code, found: Sequence[Fact[Service]]) -> Fact[Service] | None:
    """The backend whose application an image of the repository, or its Procfile, starts: the first that starts one."""
    tops = [path for path in ("Procfile", *installs.dockerfiles(code.source)) if path in code.source.files]
    for path in tops:
        if any(path.startswith(one.value.folder + "/") for one in found):
            continue  # of one backend alone, as each of several may well have
        text = code.source.read(path)[:200_000].decode(errors="replace")
        hits = [(one, line) for one in found if (line := _names(text, one.because.rpartition(":")[0]))]
        if len(hits) == 1:
            one, line = hits[0]
            others = (
                *one.others,
                f"{path}:{line}: starts it",
                *(f"{other.because}: another" for other in found if other is not one),
            )
            return Fact(one.value, one.because, confidence="likely", others=others, key="service")
    return None


def _names(text: str, path: str) -> int:
    """The line that names the module of a file, as `package.module` or as `module:app`; 0 where none does."""
    parts = path.removesuffix(".py").split("/")
    names = {".".join(parts[place:]) for place in range(len(parts) - 1)}
    for number, line in enumerate(text.splitlines(), 1):
        words = (*re.findall(r"\w+(?:\.\w+)+", line), *re.findall(r"([\w.]+):\w", line))
        if not names.isdisjoint(words):
            return number
    return 0


def _choice(code: Code, one: Fact[Service], found: Sequence[Fact[Service]]) -> Choice:
    rest = tuple(other for other in found if other.value.folder != one.value.folder)
    if one.value.folder == ".":
        return Choice(_without(code, rest), (one, *rest))
    return Choice(Code(written.without(views.below(code.source, one.value.folder))), (one, *rest))


def _without(code: Code, others: Sequence[Fact[Service]]) -> Code:
    """The root's code without the folders of backends of their own, but those that it imports from."""
    folders = {one.value.folder for one in others}
    for folder in sorted(folders):
        top = re.escape(folder.partition("/")[0]).encode()
        pattern = re.compile(rb"^[ \t]*(?:from|import)[ \t]+%s\b" % top, re.MULTILINE)
        outside = (path for path in code.holding(top) if not path.startswith(folder + "/"))
        if any(pattern.search(code.data(path)) for path in outside):
            folders.discard(folder)
    return Code(views.without(code.source, tuple(sorted(folders)))) if folders else code


def _named(settings: Settings, found: Sequence[Fact[Service]], source: Source) -> Fact[Service]:
    given = str(settings["service"].value).strip("/").removeprefix("./") or "."
    for one in found:
        if given in {one.value.name, one.value.folder}:
            return Fact(one.value, one.because, others=one.others, key="service")
    names = ", ".join(f"`{one.value.name}`" for one in found) or "none"
    folder = any(f"/{given}/" in f"/{path}" for path in source.files)
    why = ": each has a manifest of its own, such as pyproject.toml, and `application` chooses within" if folder else ""
    raise NotFound(
        f"there is no backend `{given}`", where=settings["service"].because, hint=f"the backends are {names}{why}"
    )


def _services(code: Code) -> tuple[Fact[Service], ...]:
    manifests = _manifests(code.source)
    paths = [path for path in code.holding(b"FastAPI") if _APPLICATION.search(code.data(path))]
    paths = [path for path in paths if not _any(posixpath.dirname(path), _ASIDE)] or paths
    paths = [path for path in paths if not _any(posixpath.dirname(path), _LESS)] or paths
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(_home(code, path, manifests), []).append(path)
    found = {folder: inner for folder, inner in found.items() if folder in manifests} or found
    names = Counter(posixpath.basename(folder) for folder in found)
    order = sorted(found, key=lambda folder: (folder != ".", folder.count("/"), folder))
    return tuple(_fact(code, folder, found[folder], names, manifests) for folder in order)


def _fact(
    code: Code, folder: str, paths: Sequence[str], names: Counter[str], manifests: dict[str, str]
) -> Fact[Service]:
    base = posixpath.basename(folder)
    name = code.source.name if folder == "." else base if names[base] == 1 else folder
    first = min(paths, key=lambda path: (path.count("/"), path))
    line = _line(code, first)
    others = (f"{manifests[folder]}: its manifest",) if folder in manifests else ()
    return Fact(Service(name=name, folder=folder), f"{first}:{line}", others=others, key="service")


def _line(code: Code, path: str) -> int:
    match = _APPLICATION.search(code.data(path))
    return code.data(path).count(b"\n", 0, match.start()) + 1 if match else 1


def _any(folder: str, names: frozenset[str]) -> bool:
    return any(part.lower() in names or "{{" in part for part in folder.split("/"))


def _manifests(source: Source) -> dict[str, str]:
    """The folders that declare dependencies, each with the file that does."""
    found: dict[str, str] = {}
    for path in source.files:
        folder, _, name = path.rpartition("/")
        if name not in _MANIFESTS and not name.endswith((".txt", ".in", ".pip")):
            continue
        if aside(path) or _any(folder, _ASIDE):
            continue
        if name in _MANIFESTS and _MANIFESTS[name].search(source.read(path)):
            found.setdefault(folder or ".", path)
        elif requirements.likely(path):
            # A folder `requirements` is a part of the one above it.
            above = (
                posixpath.dirname(folder) if posixpath.basename(folder) in {"requirements", "deps", "reqs"} else folder
            )
            found.setdefault(above or ".", path)
    return found


def _home(code: Code, path: str, manifests: dict[str, str]) -> str:
    """The folder of the backend that a file is of: the nearest above it with a manifest, else the root."""
    folder = posixpath.dirname(path)
    while folder and folder not in manifests:
        folder = posixpath.dirname(folder)
    # `app/requirements.txt` beside `from app.x import y`: the folder above is what the code starts from.
    while folder and manifests.get(folder, "").endswith((".txt", ".in")) and _imports_itself(code, folder):
        folder = posixpath.dirname(folder)
    return folder or "."


def _imports_itself(code: Code, folder: str) -> bool:
    key = ("services", folder)
    if key not in code.memo:
        name = re.escape(posixpath.basename(folder)).encode()
        pattern = re.compile(rb"^[ \t]*(?:from|import)[ \t]+%s[. \t]" % name, re.MULTILINE)
        inner = f"{folder}/{posixpath.basename(folder)}"
        nested = f"{inner}.py" in code.source.files or inner in code.packages
        code.memo[key] = not nested and any(pattern.search(code.data(path)) for path in _below(code, folder))
    found: bool = code.memo[key]
    return found


def _below(code: Code, folder: str) -> Iterator[str]:
    first = bisect.bisect_left(code.files, folder + "/")  # they are sorted
    yield from takewhile(lambda path: path.startswith(folder + "/"), islice(code.files, first, None))

"""The code → the folder of built files that the application serves itself, and what must be built before."""

from __future__ import annotations

import ast
import json
import posixpath
from collections.abc import Collection, Iterator

from lading.detect import evidence_tree, files_paths
from lading.detect.code import Code, Function
from lading.model import Fact

#: What a folder of a front end is called, and what one that any backend may serve is.
_BUILT = frozenset(
    {
        "dist", "build", "out", "frontend", "client", "web", "www", "webui", "ui", "spa", "browser", "frontend_dist",
        "frontend-dist", "client_dist", "webapp",
    }
)  # fmt: skip
_WORDS = (b"StaticFiles", b"FileResponse", b"Jinja2Templates")


def detect(code: Code, folder: str, reached: Collection[str]) -> Fact[str] | None:
    """The folder, from the root of the source, of the front end that the files in `reached` serve."""
    found: list[tuple[int, str, str]] = []
    for path in code.holding(*_WORDS):
        tree = code.tree(path) if path in reached else None
        for node, within in tree.nodes if tree else ():
            if isinstance(node, ast.Call):
                for place, points in _served(code, path, node, within):
                    found.append((-points, _within(place, folder), f"{path}:{node.lineno}"))
    if not found:
        return None
    points, place, where = min(found, key=lambda one: (one[0], one[1].count("/"), one[1]))
    others = tuple(dict.fromkeys(f"`{other}` ({there})" for _, other, there in found if other != place))
    return Fact(place, where, "sure" if points <= -3 else "likely", others, "front-end")


def notes(code: Code, front_end: Fact[str] | None) -> Iterator[Fact[str]]:
    """What builds the folder, when it is not in the tree: that it is not there is said where all such folders are."""
    if front_end is None or any(path.startswith(f"{front_end.value}/") for path in code.source.files):
        return
    if package := _package(code):
        yield Fact(f"`{front_end.value}` is built by {package}", front_end.because, "likely", key="front-end")


def _served(code: Code, path: str, node: ast.Call, within: Function | None) -> Iterator[tuple[str, int]]:
    """The folder that a call serves files from, with how much it looks like a front end's."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if called.endswith("StaticFiles"):
        place = _folder(code, path, given.get("directory") or (node.args[0] if node.args else None), within)
        html = isinstance(given.get("html"), ast.Constant) and getattr(given["html"], "value", None) is True
        if place and (html or _looks(place)):
            inner = posixpath.basename(place) in {"assets", "static", "_app", "_next", "js", "css", "images", "fonts"}
            yield (posixpath.dirname(place) if inner and _looks(posixpath.dirname(place)) else place), 2 + 2 * html
    elif called == "FileResponse":
        place = _folder(code, path, given.get("path") or (node.args[0] if node.args else None), within)
        if place and posixpath.basename(place) == "index.html" and posixpath.dirname(place):
            yield posixpath.dirname(place), 3
    elif called == "Jinja2Templates":
        place = _folder(code, path, given.get("directory") or (node.args[0] if node.args else None), within)
        if place and posixpath.basename(place) in {"dist", "build"}:
            yield place, 3


def _looks(place: str) -> bool:
    return not _BUILT.isdisjoint(place.lower().split("/"))


def _within(place: str, folder: str) -> str:
    """A path of the working directory, from the root of the source: the application's folder is where it is run."""
    absolute = place.startswith("@")
    inner = place.removeprefix("@").strip("/")
    return posixpath.normpath(inner if absolute or folder in {"", "."} else posixpath.join(folder, inner))


def _folder(code: Code, path: str, node: ast.expr | None, within: Function | None) -> str | None:
    """The path that an argument names; one that is from the root of the source, and not run from, begins with `@`."""
    found = files_paths.locate(code, path, node, within)
    if found is None or not found.whole or found.path.startswith(("/", "..")):
        return None
    return f"@{found.path}" if found.anchored else found.path


def _package(code: Code) -> str | None:
    """The nearest package.json to the root that has a script `build`, in words."""
    above = [path for path in evidence_tree.everywhere(code) if posixpath.basename(path) == "package.json"]
    for path in sorted(above, key=lambda path: (path.count("/"), path))[:40]:
        try:
            said = json.loads(code.data(path).decode(errors="replace"))
        except (ValueError, RecursionError):
            continue
        scripts = said.get("scripts") if isinstance(said, dict) else None
        if isinstance(scripts, dict) and "build" in scripts:
            return f"the script `build` of `{path}`"
    return None

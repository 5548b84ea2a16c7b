"""The house: who may import whom, who may touch the world, how long a file may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "lading"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Lowest first: a module imports only from the ranks before its own, or from its own folder.
RANKS = (
    ("model", "errors"),
    ("source", "command", "cache"),
    ("settings", "ignore", "http"),
    ("dependencies",),
    ("detect", "plan", "launch", "oci", "debian"),
    ("render", "checks", "report"),
    ("build", "observe"),
    ("__init__",),
    ("cli", "__main__"),
)

#: Who may import what touches the world.
TOUCHES = {
    "subprocess": {"command.py", "launch/launch.py"},
    "socket": {"observe", "launch/launch.py"},
    "urllib.request": {"http.py", "launch/launch.py"},
    "http.client": {"observe", "launch/launch.py", "http.py"},
    "tempfile": {"build", "observe", "cache.py", "cli", "debian", "oci"},
    "shutil": {"build", "observe", "cache.py", "cli", "debian", "oci"},
}


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{name.name}", node.lineno) for name in node.names)


def part(path: Path) -> str:
    """The first name under the package: `detect` for detect/health.py, `model` for model.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rank(name: str) -> int:
    return next(number for number, names in enumerate(RANKS) if name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards_only(path: Path) -> None:
    mine = part(path)
    for name, line in imports(path):
        if not name.startswith("lading."):
            continue
        theirs = name.split(".")[1]
        if not (PACKAGE / theirs).exists() and not (PACKAGE / f"{theirs}.py").exists():
            continue  # a name of lading/__init__.py
        assert theirs == mine or rank(theirs) < rank(mine), f"{path}:{line} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_some_modules_touch_the_world(path: Path) -> None:
    place = str(path.relative_to(PACKAGE))
    for name, line in imports(path):
        allowed = TOUCHES.get(name)
        if allowed is not None:
            assert any(place == one or place.startswith(one + "/") for one in allowed), f"{place}:{line} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_console_prints(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) in {"cli/console.py", "launch/launch.py"}:
        return
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    prints = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert prints == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_in_a_readers_head(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module says in a sentence what it turns into what"
    assert text.count("\n") <= 300 or "Length:" in text, "over 300 lines, and no `Length:` line that gives the reason"


def test_the_model_is_standard_library_only() -> None:
    for name in ("model.py", "errors.py"):
        assert [module for module, _ in imports(PACKAGE / name) if module.startswith("lading")] == []

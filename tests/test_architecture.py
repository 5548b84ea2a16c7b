"""The house: who may import whom, who may touch the world, how long a file may be."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "lading"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Lowest first: a module imports only from the ranks before its own, or from its own folder.
RANKS = (
    ("launcher",),  # what ships in the image: it knows nothing of us
    ("model", "errors"),
    ("source", "command", "cache"),
    ("journey",),
    ("settings", "ignore", "http", "views"),
    ("dependencies", "gitignore", "written"),
    ("detect", "plan", "launch", "oci"),
    ("debian",),  # its files are entries of an OCI layer
    ("render", "checks"),
    ("report",),
    ("build", "observe"),
    ("stages", "images"),
    ("__init__",),
    ("cli",),
    ("__main__",),
)

#: Who may import what touches the world.
TOUCHES = {
    "subprocess": {"command.py"},
    "socket": {"observe"},
    "urllib.request": {"http.py"},
    "http.client": {"observe", "http.py"},
    "tempfile": {"build", "observe", "cache.py", "cli", "debian", "oci"},
    "shutil": {"build", "observe", "cache.py", "cli", "debian", "oci"},
}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a module, the module itself first."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((name.name, node.lineno) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{name.name}", node.lineno) for name in node.names)


def part(path: Path) -> str:
    """The first name under the package: `detect` for detect/health.py, `model` for model.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def place(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def rank(name: str) -> int:
    return next(number for number, names in enumerate(RANKS) if name in names)


def test_imports_go_downwards_only() -> None:
    upwards = []
    for path in MODULES:
        mine = part(path)
        for name, line in imports(path):
            theirs = name.split(".")[1] if name.startswith("lading.") else mine
            ours = (PACKAGE / theirs).exists() or (PACKAGE / f"{theirs}.py").exists()  # else a name of __init__.py
            if ours and theirs != mine and rank(theirs) >= rank(mine):
                upwards.append(f"{place(path)}:{line} imports {name}")
    assert upwards == []


def test_only_some_modules_touch_the_world() -> None:
    touching = []
    for path in MODULES:
        for name, line in imports(path):
            allowed = TOUCHES.get(name)
            if allowed and not any(place(path) == one or place(path).startswith(one + "/") for one in allowed):
                touching.append(f"{place(path)}:{line} imports {name}")
    assert touching == []


def test_only_the_console_prints() -> None:
    printing = []
    for path in MODULES:
        calls = (node for node in nodes(path) if isinstance(node, ast.Call))
        lines = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
        if place(path) not in {"cli/console.py", "launcher/log.py", "launcher/roles.py"}:
            printing += [f"{place(path)}:{line}" for line in lines]
    assert printing == []


def test_a_module_says_in_a_sentence_what_it_turns_into_what() -> None:
    assert [place(path) for path in MODULES if not ast.get_docstring(nodes(path)[0])] == []  # type: ignore[arg-type]


def test_a_module_fits_in_a_readers_head() -> None:
    texts = {place(path): path.read_text() for path in MODULES}
    long = [name for name, text in texts.items() if text.count("\n") > 300 and "Length:" not in text]
    assert long == [], "over 300 lines, and no `Length:` line that gives the reason"


def test_the_model_is_standard_library_only() -> None:
    for path in (PACKAGE / "errors.py", *(PACKAGE / "model").glob("*.py")):
        named = [module for module, _ in imports(path) if module.startswith("lading")]
        assert [module for module in named if not module.startswith("lading.model")] == []

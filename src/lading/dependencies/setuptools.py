"""setup.cfg, and setup.py read by `ast` → the production dependencies, and what else the two say of the project.

setuptools documentation, "Configuring setuptools using setup.cfg files"; setup.py is a program, of which only
constants, what is put together from them, and the files that it reads lists from are understood.
"""

from __future__ import annotations

import ast
import configparser
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lading.dependencies import pyproject, requirement
from lading.dependencies.locks import strings, table
from lading.model import Dependencies, Fact
from lading.source import Source

CONFIG, PROGRAM = "setup.cfg", "setup.py"
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the two files say; `files` are those that said it, the one with the dependencies first."""

    files: tuple[str, ...]
    line: int = 0
    name: str = ""
    version: str = ""  # as written: `attr: pkg.__version__`
    python: str = ""
    python_place: str = ""
    needs: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: tuple[str, ...] = ()  # of entry points
    readme: tuple[str, ...] = ()

    def requirements(self, extras: Collection[str] = ()) -> tuple[str, ...]:
        """The dependencies with those of some extras."""
        added = (text for extra in extras for text in self.extras.get(extra, ()))
        return tuple(dict.fromkeys((*self.needs, *added)))


def find(source: Source, extras: Collection[str] = (), /) -> Fact[Dependencies] | None:
    """The dependencies, when setup.cfg, setup.py or `[tool.setuptools.dynamic]` declare some.

    Raises `BadInput` for what is no requirement.
    """
    found = read(source)
    requirements = found.requirements(extras) if found else ()
    if found is None or not requirements:
        return None
    where = f"{found.files[0]}:{found.line}" if found.line else found.files[0]
    for text in requirements:
        requirement.check(text, where)
    dependencies = Dependencies(
        manager="setuptools",
        files=found.files,
        requirements=tuple(requirement.bare(text) for text in requirements),
        locked=False,
        extras=tuple(extras),
    )
    return Fact(dependencies, where, confidence="sure" if found.files[0] != PROGRAM else "likely")


def missing(source: Source, /) -> tuple[str, ...]:
    """What was looked for, where it is there and does not do."""
    seen = [name for name in (CONFIG, PROGRAM) if name in source.files]
    return tuple(f"`{name}` (it has no `install_requires` that can be read without running it)" for name in seen)


def read(source: Source) -> Setup | None:
    """What setup.cfg, setup.py and pyproject.toml's setuptools tables say; None where none says a thing."""
    program, config, dynamic = _program(source), _config(source), _dynamic(source)
    found = [one for one in (dynamic, config, program) if one]
    if not found:
        return None
    first = next((one for one in found if one.needs), found[0])
    rest = [one for one in found if one is not first]
    # Beside a program that only calls `setup()`, the other file is worth naming, not reading.
    files = [*first.files, *(path for one in rest for path in one.files)]
    return Setup(
        files=tuple(dict.fromkeys(files)),
        line=first.line,
        name=next((one.name for one in found if one.name), ""),
        version=next((one.version for one in found if one.version), ""),
        python=next((one.python for one in found if one.python), ""),
        python_place=next((one.python_place for one in found if one.python), ""),
        needs=first.needs,
        extras={key: value for one in reversed(found) for key, value in one.extras.items()},
        groups=tuple(dict.fromkeys(group for one in found for group in one.groups)),
        readme=tuple(dict.fromkeys(path for one in found for path in one.readme)),
    )


def _dynamic(source: Source) -> Setup | None:
    """`[tool.setuptools.dynamic] dependencies = {file = …}`, where `[project]` leaves them open."""
    if "dependencies" not in strings(pyproject.project(source).get("dynamic")):
        return None
    tool = table(pyproject.table(source).get("tool"))
    dynamic = table(table(tool.get("setuptools")).get("dynamic"))
    hook = table(table(table(table(tool.get("hatch")).get("metadata")).get("hooks")).get("requirements_txt"))
    paths = strings(table(dynamic.get("dependencies")).get("file")) or strings(hook.get("files"))
    needs, files = _listed(source, paths)
    if not needs:
        return None
    line = int(pyproject.place(source, "dependencies").partition(":")[2] or 1)
    return Setup(files=(pyproject.PATH, *files), line=line, needs=needs)


def _listed(source: Source, paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The requirements of the files that are there, and those files."""
    from lading.dependencies import requirements

    there = [path.removeprefix("./") for path in paths if path.removeprefix("./") in source.files]
    return tuple(text for path in there for text in requirements.lines(source, path)), tuple(there)


def _config(source: Source) -> Setup | None:
    if CONFIG not in source.files or len(source.read(CONFIG)) > _LARGEST:
        return None
    parser = configparser.RawConfigParser(strict=False)
    text = source.read(CONFIG).decode(errors="replace")
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    if not parser.has_section("metadata") and not parser.has_section("options"):
        return None

    def get(section: str, key: str) -> str:
        return parser.get(section, key, fallback="").strip()

    extras = dict(parser.items("options.extras_require")) if parser.has_section("options.extras_require") else {}
    needs = get("options", "install_requires")
    files: tuple[str, ...] = ()
    wanted = tuple(_rows(needs))
    if needs.startswith("file:"):
        wanted, files = _listed(source, [path.strip() for path in needs[5:].split(",")])
    lines = text.splitlines()
    line = next((number for number, one in enumerate(lines, 1) if one.strip().startswith("install_requires")), 0)
    python = next((number for number, one in enumerate(lines, 1) if one.strip().startswith("python_requires")), 0)
    groups = (
        [key for key, _ in parser.items("options.entry_points")] if parser.has_section("options.entry_points") else []
    )
    readme = get("metadata", "long_description")
    return Setup(
        files=(CONFIG, *files),
        line=line,
        name=get("metadata", "name"),
        version=get("metadata", "version"),
        python=get("options", "python_requires"),
        python_place=f"{CONFIG}:{python}",
        needs=wanted,
        extras={name: tuple(_inserted(value, extras)) for name, value in extras.items()},
        groups=tuple(groups),
        readme=tuple(path.strip() for path in readme[5:].split(",")) if readme.startswith("file:") else (),
    )


def _rows(text: str) -> Iterator[str]:
    for row in text.splitlines() if "\n" in text else text.split(";"):
        bare = re.sub(r"(?:^|\s)#.*$", "", row).strip()
        if bare:
            yield bare


def _inserted(text: str, extras: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    """The rows of an extra, with `%(other)s` replaced by those of the other."""
    for row in _rows(text):
        found = re.fullmatch(r"%\((\w+)\)s", row)
        if found is None:
            yield row
        elif depth < 4:
            yield from _inserted(extras.get(found[1], ""), extras, depth + 1)


def _program(source: Source) -> Setup | None:
    if PROGRAM not in source.files or len(source.read(PROGRAM)) > _LARGEST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            body = ast.parse(source.read(PROGRAM)).body
            names = dict(_names(body))
            call = next(_calls(body), None)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    if call is None:
        return None
    given = {word.arg: word.value for word in call.keywords if word.arg}
    for word in call.keywords:
        if word.arg is None and isinstance(shared := _follow(word.value, names), ast.Dict):
            given |= {key.value: value for key, value in zip(shared.keys, shared.values, strict=True)
                      if isinstance(key, ast.Constant) and isinstance(key.value, str)}  # fmt: skip
    needs, files = _value(source, given.get("install_requires"), names)
    extras: dict[str, tuple[str, ...]] = {}
    if isinstance(listed := _follow(given.get("extras_require"), names), ast.Dict):
        for key, value in zip(listed.keys, listed.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                extras[key.value] = _value(source, value, names)[0]
    points = _follow(given.get("entry_points"), names)
    groups = [key.value for key in points.keys if isinstance(key, ast.Constant)] if isinstance(points, ast.Dict) else []
    line = getattr(given.get("install_requires"), "lineno", 0)
    return Setup(
        files=(PROGRAM, *files),
        line=line,
        name=_text(given.get("name"), names),
        version=_text(given.get("version"), names),
        python=_text(given.get("python_requires"), names),
        python_place=f"{PROGRAM}:{getattr(given.get('python_requires'), 'lineno', 1)}",
        needs=needs,
        extras=extras,
        groups=tuple(group for group in groups if isinstance(group, str)),
        readme=tuple(path for path in _texts(given.get("long_description"), names) if path in source.files),
    )


def _calls(body: Iterable[ast.stmt]) -> Iterator[ast.Call]:
    for stmt in body:
        for node in ast.walk(stmt):
            match node:
                case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup")):
                    yield node
                case _:
                    pass


def _names(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.AST]]:
    for stmt in body:
        for node in ast.walk(stmt):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    yield name, value
                case ast.With(items=[ast.withitem(context_expr=value, optional_vars=ast.Name(id=name))]):
                    yield name, value
                case ast.FunctionDef(name=name):
                    yield name, node
                case _:
                    pass


def _follow(node: ast.AST | None, names: Mapping[str, ast.AST], depth: int = 0) -> ast.AST | None:
    if isinstance(node, ast.Name) and depth < 5:
        return _follow(names.get(node.id), names, depth + 1)
    return node


def _text(node: ast.AST | None, names: Mapping[str, ast.AST]) -> str:
    found = _follow(node, names)
    return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else ""


def _value(
    source: Source, node: ast.AST | None, names: Mapping[str, ast.AST], depth: int = 0
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The requirements that an expression is, and the files that it reads them from."""
    found = _follow(node, names)
    if found is None or depth > 8:
        return (), ()
    match found:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            texts = tuple(text for item in items if (text := _text(item, names)))
            inner = [_value(source, item.value, names, depth + 1) for item in items if isinstance(item, ast.Starred)]
            return texts + tuple(text for one, _ in inner for text in one), tuple(
                path for _, some in inner for path in some
            )
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            one, other = _value(source, left, names, depth + 1), _value(source, right, names, depth + 1)
            return one[0] + other[0], one[1] + other[1]
        case ast.Constant(value=str(text)):
            return tuple(_rows(text)), ()
        case ast.Subscript(value=mapping, slice=ast.Constant(value=key)):
            inner_map = _follow(mapping, names)
            if isinstance(inner_map, ast.Dict):
                values = [value for one, value in zip(inner_map.keys, inner_map.values, strict=True)
                          if isinstance(one, ast.Constant) and one.value == key]  # fmt: skip
                return _value(source, values[0], names, depth + 1) if values else ((), ())
        case _:
            pass
    # `open("requirements.txt").read().splitlines()`, in whatever words.
    return _listed(source, dict.fromkeys(path for path in _texts(found, names) if path.endswith((".txt", ".in"))))


def _texts(node: ast.AST | None, names: Mapping[str, ast.AST], depth: int = 0) -> Iterator[str]:
    """The strings of an expression, and of the names and functions that it uses."""
    for inner in ast.walk(node) if node else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value
        elif isinstance(inner, ast.Name) and inner.id in names and depth < 3:
            yield from _texts(names[inner.id], names, depth + 1)

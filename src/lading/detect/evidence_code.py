"""The code → the calls in it that start a server: `uvicorn.run(…)`, `uvicorn.Config(…)`, Granian, a list of words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from lading.detect import names, objects, values
from lading.detect.code import Code, Function, Tree
from lading.detect.evidence_servers import SERVERS, TARGET, Start, number, parse
from lading.detect.names import Place

#: What starts a server from Python, and which one.
RUNS = {
    "uvicorn.run": "uvicorn", "uvicorn.Config": "uvicorn", "uvicorn.main.run": "uvicorn",
    "uvicorn.config.Config": "uvicorn", "granian.Granian": "granian", "granian.server.Granian": "granian",
    "hypercorn.asyncio.serve": "hypercorn", "hypercorn.trio.serve": "hypercorn", "hypercorn.run.run": "hypercorn",
}  # fmt: skip
_WORDS = (b"uvicorn", b"granian", b"hypercorn", b"gunicorn")


def starts(code: Code) -> Iterator[Start]:
    """Every call that starts a server, in order of the files; tests and examples are not asked."""
    for path in code.holding(*_WORDS):
        tree = code.tree(path)
        for node, within in tree.nodes if tree else ():
            if isinstance(node, ast.Call):
                found = _call(code, path, node, within)
                if found:
                    yield found
        if tree:
            yield from _listed(tree)


def _call(code: Code, path: str, node: ast.Call, within: Function | None) -> Start | None:
    meaning = names.resolve(code, path, node.func, within)
    program = RUNS.get(meaning) if isinstance(meaning, str) else None
    if program is None and isinstance(meaning, Place) and isinstance(meaning.node, ast.ClassDef):
        # gunicorn "Custom Application": a class that inherits from gunicorn's.
        lineage = names.family(code, meaning.path, meaning.node)
        program = "gunicorn" if any(names.library(one, "gunicorn", "BaseApplication") for one in lineage) else None
    if program is None:
        return None
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    given |= _spread(code, path, node, within)
    first = given.get("app") or given.get("target") or (node.args[0] if node.args else None)
    target = file = None
    said = values.fold(code, path, first, within) if first else None
    if said and said.whole and TARGET.fullmatch(said.text):
        target = said.text
    elif first is not None:
        named = _object(code, path, first, within)
        target, file = (f":{named[1]}", named[0]) if named else (None, None)

    def text(*keys: str) -> str | None:
        for key in keys:
            value = _value(code, path, given.get(key), within)
            if value:
                return value
        return None

    return Start(
        program=program,
        argv=(program,),
        where=f"{path}:{node.lineno}",
        kind="code",
        target=target,
        file=file,
        factory=text("factory") == "true",
        folder=text("app_dir"),
        host=text("host", "address"),
        port=number(text("port")),
        workers=number(text("workers")),
        reload=text("reload") == "true",
        root_path=text("root_path"),
        proxy_headers=text("proxy_headers") == "true",
        forwarded=text("forwarded_allow_ips"),
    )


def _spread(code: Code, path: str, node: ast.Call, within: Function | None) -> dict[str, ast.expr]:
    """`uvicorn.run(app, **options)`, where `options` is a dict that stands in the code."""
    for keyword in node.keywords:
        value: ast.expr | None = keyword.value if keyword.arg is None else None
        if isinstance(value, ast.Name):
            bindings = names.local(code, within).get(value.id) or ()
            place = names.resolve(code, path, value, within)
            last = bindings[-1] if bindings else place.node if isinstance(place, Place) else None
            value = last if isinstance(last, ast.expr) else None
        if isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            return {str(key.value): item for key, item in pairs if isinstance(key, ast.Constant)}
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
            return {inner.arg: inner.value for inner in value.keywords if inner.arg}
    return {}


def _object(code: Code, path: str, node: ast.expr, within: Function | None) -> tuple[str, str] | None:
    """The file and the name of an application that is given as an object."""
    if isinstance(node, ast.Call):  # uvicorn.run(create_app())
        node = node.func
    place = names.resolve(code, path, node, within)
    if isinstance(place, Place) and place.node is not None and place.name:
        local = isinstance(node, ast.Name) and node.id in names.local(code, within)
        if not local:
            return place.path, place.name
    if isinstance(node, ast.Name):
        for binding in reversed(names.local(code, within).get(node.id, ())):
            if isinstance(binding, ast.Call):
                return _object(code, path, binding, within) if objects.origin(code, path, binding, within) else None
    return None


def _value(code: Code, path: str, node: ast.expr | None, within: Function | None) -> str | None:
    """The text of an argument: a constant, a setting's default, or the default of a command's option."""
    if node is None:
        return None
    found = values.fold(code, path, node, within)
    if found and found.whole and found.text:
        return found.text
    match node:
        case ast.Call(func=ast.Name(id="int" | "str"), args=[inner]):
            return _value(code, path, inner, within)
        case ast.Name(id=name) if within:
            return _option(code, path, within, name)
        case ast.Attribute(attr=name):
            return _parsed(code, path, name) or _field(code, path, node, within)
        case _:
            return None


def _option(code: Code, path: str, function: Function, name: str) -> str | None:
    """The default of a function's argument, of `typer.Option(…)`, or of `@click.option("--name", default=…)`."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    default = next((default for argument, default in pairs if argument.arg == name), None)
    if isinstance(default, ast.Call):
        default = next(
            (k.value for k in default.keywords if k.arg == "default"), default.args[0] if default.args else None
        )
    if default is None:
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and f"--{name.replace('_', '-')}" in _constants(decorator):
                default = next((k.value for k in decorator.keywords if k.arg == "default"), None)
    value = values.fold(code, path, default)
    return value.text if value and value.whole else None


def _constants(call: ast.Call) -> set[str]:
    return {
        argument.value
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _parsed(code: Code, path: str, name: str) -> str | None:
    """The default of argparse's `add_argument("--name", default=…)` in the same file."""
    tree = code.tree(path)
    for node, within in tree.nodes if tree else ():
        adds = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"
        if adds and isinstance(node, ast.Call) and f"--{name.replace('_', '-')}" in _constants(node):
            default = next((keyword.value for keyword in node.keywords if keyword.arg == "default"), None)
            value = values.fold(code, path, default, within)
            return value.text if value and value.whole else None
    return None


def _field(code: Code, path: str, node: ast.Attribute, within: Function | None) -> str | None:
    """`settings.server.port`: the default of a field of a model in a model of the project's own."""
    owner = _model(code, path, node.value, within)
    found = values.member(code, owner, node.attr) if owner else None
    match found:
        case (file, ast.Call(keywords=keywords, args=args), _):  # Field(8000), Field(default=8000)
            default = next((k.value for k in keywords if k.arg == "default"), args[0] if args else None)
            value = values.fold(code, file, default)
        case (file, ast.expr() as expression, function):
            value = values.fold(code, file, expression, function)
        case _:
            return None
    return value.text if value and value.whole else None


def _model(code: Code, path: str, node: ast.expr, within: Function | None) -> Place | None:
    owner = values.instance(code, path, node, within)
    if owner or not isinstance(node, ast.Attribute):
        return owner
    outer = values.instance(code, path, node.value, within)
    if outer is None or not isinstance(outer.node, ast.ClassDef):
        return None
    for place in names.family(code, outer.path, outer.node):
        for stmt in place.node.body if isinstance(place, Place) and isinstance(place.node, ast.ClassDef) else ():
            if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name) and stmt.target.id == node.attr:
                meaning = names.resolve(code, place.path, stmt.annotation)  # type: ignore[union-attr]
                return meaning if isinstance(meaning, Place) and isinstance(meaning.node, ast.ClassDef) else None
    return None


def _listed(tree: Tree) -> Iterator[Start]:
    """`subprocess.run(["uvicorn", "app.main:app", …])`."""
    for node in (node for node, _ in tree.nodes if isinstance(node, ast.Call)):
        for argument in node.args[:1]:
            if isinstance(argument, ast.List | ast.Tuple) and argument.elts:
                words = [
                    item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else ""
                    for item in argument.elts
                ]
                if not words[0] and "-m" in words[:2]:  # sys.executable
                    words = words[words.index("-m") + 1 :]
                if words and words[0] in SERVERS:
                    yield replace(parse(words, f"{tree.path}:{node.lineno}", "code"), kind="code")

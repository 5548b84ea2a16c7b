"""An expression → the project's own class that it is, or is an instance of, and what its attributes are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lading.detect import names
from lading.detect.code import Code, Function, bound, flat
from lading.detect.imports import Imported
from lading.detect.names import Place

#: Names of names: nobody's own settings go deeper.
DEEPEST = 25
#: Functions that call functions that make an instance, each of which may return several things.
_MAKERS = 5


def instance(code: Code, path: str, node: ast.expr, within: Function | None = None, depth: int = 0) -> Place | None:
    """The project's own class that an expression is, or is an instance of."""
    key = ("instance", node, within)
    if key not in code.memo:
        code.memo[key] = None  # until it is known: a function may return what it returns
        each = (_instance(code, path, one, within, depth) for one in _either(node)) if depth <= DEEPEST else iter(())
        code.memo[key] = next((place for place in each if place), None)
    found: Place | None = code.memo[key]
    return found


def _instance(code: Code, path: str, node: ast.expr, within: Function | None, depth: int) -> Place | None:
    match node:
        case ast.Call(func=func):
            return instance(code, path, func, within, depth + 1)
        case ast.Await(value=value):
            return instance(code, path, value, within, depth + 1)
        case ast.Name(id="self" | "cls") if within:
            return owner(code, path, within)
        case ast.Name(id=name) if (around := names.scope(code, path, within, name)) and is_given(code, around, name):
            said = argument(around, name)
            return annotated(code, path, said.annotation) if said else None
        case _:
            pass
    match names.resolve(code, path, node, within):
        case Place(node=ast.ClassDef()) as place:
            return place
        case Place(path=file, node=ast.FunctionDef() as function):
            values = [stmt.value for stmt in flat(function.body) if isinstance(stmt, ast.Return)]
            found = (instance(code, file, value, function, depth + 1) for value in values if value)
            return next((place for place in found if place), None) or annotated(code, file, function.returns)
        case Place(path=file, name=name, node=ast.expr() as value) if value is not node:
            found_in = instance(code, file, value, within if file == path else None, depth + 1)
            return found_in or annotated(code, file, _annotation(code, file, name))
        case _:
            return _attribute(code, path, node, within, depth) if isinstance(node, ast.Attribute) else None


def _either(node: ast.expr) -> list[ast.expr]:
    """The alternatives of `given or Settings()`; another expression is its own."""
    match node:
        case ast.BoolOp(values=some):
            return some
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case _:
            return [node]


def _attribute(code: Code, path: str, node: ast.Attribute, within: Function | None, depth: int) -> Place | None:
    """`self.settings`, `settings.database`, `Config.load`: by what the owner's class says of it."""
    holder = instance(code, path, node.value, within, depth + 1)
    if holder is None or not isinstance(holder.node, ast.ClassDef):
        return None
    match member(code, holder, node.attr):
        case (file, (ast.FunctionDef() | ast.AsyncFunctionDef()) as function, _):
            returned = [stmt.value for stmt in flat(function.body) if isinstance(stmt, ast.Return) and stmt.value]
            found = (instance(code, file, value, function, depth + 1) for value in returned)
            # A class method that returns what a helper made is of its own class, by what it says that it returns.
            return next((place for place in found if place), None) or annotated(code, file, function.returns)
        case (file, ast.expr() as value, function):
            if made := instance(code, file, value, function, depth + 1):
                return made
        case _:
            pass
    for place in names.family(code, holder.path, holder.node):
        if isinstance(place, Place) and isinstance(place.node, ast.ClassDef):
            for stmt in place.node.body:
                match stmt:
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=said) if name == node.attr:
                        return annotated(code, place.path, said)
                    case _:
                        pass
    return None


def made(
    code: Code, path: str, node: ast.expr, within: Function | None, depth: int = 0
) -> tuple[str, ast.Call, Function | None, ast.ClassDef] | None:
    """The call that makes the instance that an expression is: its file, it, its function, and the class."""
    if depth > _MAKERS:
        return None
    target = node.func if isinstance(node, ast.Call) else node
    match names.resolve(code, path, target, names.scope(code, path, within, getattr(target, "id", ""))):
        case Place(node=ast.ClassDef() as cls) if isinstance(node, ast.Call):
            return path, node, within, cls
        case Place(path=file, node=ast.FunctionDef() as function) if isinstance(node, ast.Call):
            values = (stmt.value for stmt in flat(function.body) if isinstance(stmt, ast.Return) and stmt.value)
            each = (made(code, file, value, function, depth + 1) for value in values)
            return next((found for found in each if found), None)
        case Place(path=file, node=ast.expr() as value) if value is not node:
            return made(code, file, value, within if file == path else None, depth + 1)
        case _:
            return None


def owner(code: Code, path: str, function: Function) -> Place | None:
    """The class that a function is a method of."""
    key = ("methods", path)
    if key not in code.memo:
        tree = code.tree(path)
        classes = [item for item, _ in tree.nodes if isinstance(item, ast.ClassDef)] if tree else []
        code.memo[key] = {id(stmt): Place(path, cls.name, cls) for cls in reversed(classes) for stmt in cls.body}
    found: dict[int, Place] = code.memo[key]
    return found.get(id(function))


def annotated(code: Code, path: str, said: ast.expr | None) -> Place | None:
    """The project's own class that an annotation names: `Settings`, `"Settings"`, `Settings | None`, `Optional[X]`."""
    for one in _alternatives(said):
        match names.resolve(code, path, one):
            case Place(node=ast.ClassDef()) as place:
                return place
            case _:
                pass
    return None


def _alternatives(said: ast.expr | None) -> Iterator[ast.expr]:
    match said:
        case ast.Name() | ast.Attribute():
            yield said
        case ast.Constant(value=str(text)) if text.isidentifier():
            yield ast.Name(id=text, ctx=ast.Load())
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from (*_alternatives(left), *_alternatives(right))
        case ast.Subscript(slice=ast.Tuple(elts=elts)):
            for one in elts:
                yield from _alternatives(one)
        case ast.Subscript(value=value, slice=inner):
            yield from (*_alternatives(inner), *_alternatives(value))
        case _:
            return


def _annotation(code: Code, path: str, name: str) -> ast.expr | None:
    tree = code.tree(path)
    for stmt in tree.statements if tree else ():
        match stmt:
            case ast.AnnAssign(target=ast.Name(id=target), annotation=said) if target == name:
                return said
            case _:
                pass
    return None


def argument(function: Function, name: str) -> ast.arg | None:
    """The parameter `name` of a function."""
    given = function.args
    return next((one for one in (*given.posonlyargs, *given.args, *given.kwonlyargs) if one.arg == name), None)


def is_given(code: Code, within: Function | None, name: str) -> bool:
    """Whether `name` is a parameter of the function `within`, and nothing else there."""
    return within is not None and name not in names.local(code, within) and argument(within, name) is not None


def member(code: Code, holder: Place, name: str) -> tuple[str, ast.expr | Function, Function | None] | None:
    """Where a class of the project's own, or one above it, gives `name` a value: the file, it, and the function."""
    if not isinstance(holder.node, ast.ClassDef):
        return None
    for place in names.family(code, holder.path, holder.node):
        if not isinstance(place, Place) or not isinstance(place.node, ast.ClassDef):
            continue
        for stmt in flat(place.node.body):
            for bound_name, value in bound(stmt):
                if bound_name == name and not isinstance(value, ast.ClassDef | Imported):
                    return place.path, value, None
            for inner in flat(stmt.body) if isinstance(stmt, ast.FunctionDef) and stmt.name == "__init__" else ():
                match inner:
                    case (
                        ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=attr)], value=value)
                        | ast.AnnAssign(
                            target=ast.Attribute(value=ast.Name(id="self"), attr=attr), value=ast.expr() as value
                        )
                    ) if attr == name:
                        return place.path, value, stmt if isinstance(stmt, ast.FunctionDef) else None
                    case _:
                        pass
    return None

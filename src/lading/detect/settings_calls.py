"""A function → what the project's own calls give its parameters, and whether it runs before the first request."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lading.detect import names, settings_objects
from lading.detect.code import Code, Function
from lading.detect.names import Place

#: Where more files than these hold a name, those nearest to the root are asked.
MOST = 100

#: Names that are looked for in all files; of more, only the file that defines them is asked.
SEARCHES = 400

#: Decorators and arguments whose functions run when a request comes, or never in a server.
_LATER = frozenset({"Depends", "Security", "Provide", "partial"})
_STARTS = frozenset({"on_event", "startup", "on_startup", "lifespan"})
_REQUESTS = frozenset({"get", "post", "put", "patch", "delete", "websocket", "middleware", "exception_handler", "task",
                       "command", "fixture", "api_route"})  # fmt: skip
_OF_INSTANCES = frozenset({"validator", "field_validator", "model_validator", "root_validator", "property",
                           "cached_property", "computed_field"})  # fmt: skip
_FIRST = frozenset({"__init__", "__new__", "__post_init__", "__call__", "__enter__", "__aenter__", "model_post_init"})


@dataclass(frozen=True, slots=True)
class Site:
    """Where a name is mentioned, in which function, and the call when it is called there."""

    path: str
    within: Function | None
    node: ast.expr
    call: ast.Call | None = None
    later: bool = False  # in `Depends(…)`, or what only a script runs


def given(code: Code, path: str, function: Function, name: str) -> Iterator[tuple[str, ast.expr, Function | None]]:
    """What the calls of `function` give its parameter `name`, each with the file and the function of the call.

    The parameter's own default comes last, where a call leaves it out or there is none.
    """
    arguments = function.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    method = positional[:1] in (["self"], ["cls"])
    callers = [site for site in sites(code, path, called_as(code, path, function)) if site.call]
    for site in callers[:MOST]:
        call = site.call
        if call is None or not _is(code, site, path, function, method=method):
            continue
        by_name = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
        rest = arguments.vararg is not None and arguments.vararg.arg == name  # the first of `*command`
        index = positional.index(name) - method if name in positional else len(positional) - method if rest else -1
        by_place = call.args[index] if 0 <= index < len(call.args) else None
        if by_name or by_place:
            yield site.path, by_name or call.args[index], site.within
    defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    defaults |= {
        arg.arg: value for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
    }
    if name in defaults:
        yield path, defaults[name], None


def _is(code: Code, site: Site, path: str, function: Function, *, method: bool) -> bool:
    meaning = names.resolve(code, site.path, site.node, site.within)
    if isinstance(meaning, Place) and meaning.node is not None:
        return meaning.node is function or (isinstance(meaning.node, ast.ClassDef) and function in meaning.node.body)
    return (method and isinstance(site.node, ast.Attribute)) or (site.path == path and isinstance(meaning, Place))


def called_as(code: Code, path: str, function: Function) -> str:
    """The name that a call of `function` has: the class's for one that runs when an instance is made."""
    return class_of(code, path, function) if function.name in _FIRST else function.name


def class_of(code: Code, path: str, function: Function) -> str:
    """The name of the class that a function is a method of; empty for none."""
    place = settings_objects.owner(code, path, function)
    return place.name if place else ""


def sites(code: Code, path: str, name: str) -> tuple[Site, ...]:
    """Every mention of `name` that is no import, in the backend's own files; of `x.name` too."""
    key = ("sites", name)
    if key not in code.memo and len(_asked(code)) >= SEARCHES:
        return tuple(mentions(code, path).get(name, ()))
    if key not in code.memo:
        _asked(code).add(name)
        holding = code.holding(name.encode()) if name else ()
        near = sorted(holding, key=lambda one: (one != path, one.count("/"), one))[:MOST]
        holding = tuple(one for one in holding if one in set(near))
        code.memo[key] = tuple(site for one in holding for site in mentions(code, one).get(name, ()))
    found: tuple[Site, ...] = code.memo[key]
    return found


def _asked(code: Code) -> set[str]:
    """The names that were looked for in all files."""
    if ("asked",) not in code.memo:
        code.memo["asked",] = set()
    found: set[str] = code.memo["asked",]
    return found


def at_start(
    code: Code, reached: Collection[str], path: str, function: Function | None, entry: str = "", *, depth: int = 0
) -> bool:
    """Whether `function` of the file `path` runs when the application is imported, made or started.

    `reached` are the files that importing the application imports. A mention counts as a call, but not in
    `Depends(…)`.
    """
    if path not in reached:
        return False
    if function is None or depth > 12:
        return True
    key = ("at_start", function)
    if key not in code.memo:
        code.memo[key] = False  # until it is known: one that only it calls does not run
        code.memo[key] = _at_start(code, reached, path, function, entry, depth=depth)
    found: bool = code.memo[key]
    return found


def _at_start(code: Code, reached: Collection[str], path: str, function: Function, entry: str, *, depth: int) -> bool:
    if function.name == entry or _is_handler(function, _STARTS):
        return True
    if _is_handler(function, _REQUESTS):
        return False
    name = called_as(code, path, function)
    # A property, or a validator, runs for whoever has the instance: as the class does.
    if function.name not in _FIRST and _is_handler(function, _OF_INSTANCES):
        name = class_of(code, path, function) or name
    return any(
        not site.later
        and site.within is not function
        and id(site.node) not in _offline(code, site.path)
        and _means(code, site, path, function)
        and at_start(code, reached, site.path, site.within, entry, depth=depth + 1)
        for site in sites(code, path, name)
    )


def _offline(code: Code, path: str) -> frozenset[int]:
    """What stands under `if context.is_offline_mode():`, by identity: Alembic asks there for SQL to print, no start."""
    key = ("offline", path)
    if key not in code.memo:
        tree = code.tree(path) if b"is_offline_mode" in code.data(path) else None
        blocks: list[ast.stmt] = []
        for stmt in tree.statements if tree else ():
            match stmt:
                case ast.If(test=ast.Call(func=ast.Attribute(attr="is_offline_mode")), body=block):
                    blocks += block
                case ast.If(
                    test=ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Attribute(attr="is_offline_mode"))),
                    orelse=block,
                ):
                    blocks += block
                case _:
                    pass
        code.memo[key] = frozenset(id(node) for stmt in blocks for node in ast.walk(stmt))
    found: frozenset[int] = code.memo[key]
    return found


def _means(code: Code, site: Site, path: str, function: Function) -> bool:
    """Whether a mention may be of `function`: it resolves to it, or it is of something that nobody can tell."""
    meaning = names.resolve(code, site.path, site.node, site.within)
    if isinstance(meaning, Place) and meaning.node is not None and not isinstance(meaning.node, ast.expr):
        return meaning.node is function or (isinstance(meaning.node, ast.ClassDef) and function in meaning.node.body)
    inside = function.name in _FIRST or bool(class_of(code, path, function))
    if isinstance(meaning, str):  # a library's, or a name of a function in a function
        return site.path == path and isinstance(site.node, ast.Name)
    return inside or isinstance(site.node, ast.Name) or (isinstance(meaning, Place) and meaning.node is not None)


def _is_handler(function: Function, words: Collection[str]) -> bool:
    for decorator in function.decorator_list:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in words and (name != "on_event" or "startup" in ast.dump(decorator)):
            return True
    return False


def mentions(code: Code, path: str) -> dict[str, list[Site]]:
    """Every name and attribute that a file mentions as a value: not as a base, an annotation or what is bound."""
    key = ("mentions", path)
    if key not in code.memo:
        found: dict[str, list[Site]] = {}
        tree = code.tree(path)
        stack: list[tuple[ast.AST, Function | None, ast.Call | None, bool]] = [
            (stmt, None, None, False) for stmt in reversed(tree.body if tree else ())
        ]
        while stack:
            node, within, call, later = stack.pop()
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
            if name and isinstance(getattr(node, "ctx", None), ast.Load) and isinstance(node, ast.expr):
                found.setdefault(name, []).append(Site(path, within, node, call, later))
            stack.extend(reversed(list(_below(node, within, later=later))))
        code.memo[key] = found
    index: dict[str, list[Site]] = code.memo[key]
    return index


def _below(
    node: ast.AST, within: Function | None, *, later: bool
) -> Iterator[tuple[ast.AST, Function | None, ast.Call | None, bool]]:
    """The children of a node, each with the function that it runs in."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            defaults = (*node.args.defaults, *(value for value in node.args.kw_defaults if value))
            yield from ((child, within, None, later) for child in (*node.decorator_list, *defaults))
            yield from ((child, node, None, later) for child in node.body)
        case ast.ClassDef():
            yield from ((child, within, None, later) for child in (*node.decorator_list, *node.body))
        case ast.AnnAssign():
            yield from [(node.value, within, None, later)] if node.value else []
        case ast.Call(func=func):
            name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
            yield func, within, node, later
            for child in (*node.args, *(keyword.value for keyword in node.keywords)):
                yield child, within, None, later or name in _LATER
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            yield from ((child, within, None, True) for child in node.body)
            yield from ((child, within, None, later) for child in node.orelse)
        case _:
            yield from ((child, within, None, later) for child in ast.iter_child_nodes(node))

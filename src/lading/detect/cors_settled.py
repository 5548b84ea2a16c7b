"""A field of a settings class → whether its variable alone settles it, or code sets it otherwise, or refuses it.

Who constructs the settings with the field, who assigns it afterwards, and a validator that asks more of a value than
its type: what the variable says is then not what the application has, or ends the start.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from lading.detect import cors_tests, names, pydantic, values
from lading.detect.code import Code, Function, Tree, flat, written
from lading.detect.cors_taken import MOST_STEPS, At, Taken, of
from lading.detect.names import Place
from lading.detect.settings_guards import Guard

#: Where the files that the application reaches are kept: what tests construct is none of it.
REACHED = ("cors", "reached")


def elsewhere(code: Code, path: str, cls: ast.ClassDef, chain: str, variable: str) -> bool:
    """Whether code that is reached may set the field `chain`, by its dotted name, to something else than `variable`."""
    key = ("cors elsewhere", cls, chain)
    if key not in code.memo:
        code.memo[key] = _elsewhere(code, path, cls, chain, variable)
    found: bool = code.memo[key]
    return found


def _elsewhere(code: Code, path: str, cls: ast.ClassDef, chain: str, variable: str) -> bool:
    parts = frozenset(chain.split("."))
    family = [one.node for one in names.family(code, path, cls) if isinstance(one, Place)]
    keywords = {part.lower() for part in parts} | {variable.lower()}
    reached = code.memo.get(REACHED, ())
    words = (cls.name.encode(), *(part.encode() for part in parts))
    for file in (one for one in code.holding(*words) if one in reached or one == path):
        tree = code.tree(file)
        if tree is None:
            continue
        if any(_constructs(node, cls.name, keywords) for node, _ in tree.nodes):
            return True
        for owner, within in _owners(tree, parts):
            known = values.instance(code, file, owner, within) if "." not in chain else None
            if known.node in family if known else not _is_state(owner):
                return True
    return any(_puts(node, parts) for node in _rooted(family))


def _constructs(node: ast.AST, name: str, keywords: Collection[str]) -> bool:
    """`Settings(origins=[…])`, and `Settings(**options)`, which may have it."""
    if not isinstance(node, ast.Call) or written(node.func).rpartition(".")[2] != name:
        return False
    return any(one.arg is None or one.arg.lower() in keywords for one in node.keywords)


def _owners(tree: Tree, parts: Collection[str]) -> Iterator[tuple[ast.expr, Function | None]]:
    """Whose attribute a file sets, and where: `settings.origins = …`, `setattr(settings, "origins", …)`."""
    functions = [node for node, _ in tree.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for within, body in ((None, tree.body), *((one, one.body) for one in functions)):
        targets = (one for stmt in flat(body) for target in _targets(stmt) for one in ast.walk(target))
        for one in targets:
            if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store) and one.attr in parts:
                yield one.value, within
    for node, within in tree.nodes:
        match node:
            case ast.Call(func=func, args=[owner, ast.Constant(value=str(attr)), *_]) if attr in parts:
                if written(func).endswith(("setattr", "__setattr__")):
                    yield owner, within
            case _:
                pass


def _targets(stmt: ast.stmt) -> Sequence[ast.expr]:
    match stmt:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return (target,)
        case _:
            return ()


def _is_state(owner: ast.expr) -> bool:
    """Whether it is what Starlette keeps for an application or a request: no settings."""
    return isinstance(owner, ast.Attribute) and owner.attr == "state"


def _rooted(family: Collection[ast.AST | None]) -> Iterator[ast.AST]:
    """What stands in the validators of the whole: `model_validator`, and version 1's `root_validator`."""
    for cls in family:
        for stmt in cls.body if isinstance(cls, ast.ClassDef) else ():
            marks = [written(one) for one in stmt.decorator_list] if isinstance(stmt, ast.FunctionDef) else []
            if any("model_validator" in mark or "root_validator" in mark for mark in marks):
                yield from ast.walk(stmt)


def _puts(node: ast.AST, parts: Collection[str]) -> bool:
    """`values["origins"] = …`, `{**values, "origins": …}` and `values.update(origins=…)`."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=key), ctx=ast.Store()):
            return key in parts
        case ast.Dict(keys=keys):
            return any(pydantic.constant(one) in parts for one in keys)
        case ast.Call(keywords=keywords):
            return any(one.arg in parts for one in keywords)
        case _:
            return False


def refuses(at: At, function: Function | ast.Lambda, types: Collection[str], start: Taken) -> bool:
    """Whether a validator of the file at `at` may refuse an origin, which comes as one of `types`, for what it says.

    An error that it hands on is none of its own.
    """
    if isinstance(function, ast.Lambda):
        return False
    names_of = [one.arg for one in function.args.args if one.arg not in {"cls", "self"}]
    value = names_of[0] if names_of else ""
    inside = At(at.code, at.path, function, {value: start}, at.depth)
    errors = [stmt for stmt in flat(function.body) if isinstance(stmt, ast.Raise | ast.Assert)]
    if len(errors) > MOST_STEPS:
        return True  # as far as anybody can tell
    for stmt in errors:
        guards = list(cors_tests.around(function.body, stmt, exits=True))
        guards += [Guard(stmt.test, holds=False)] if isinstance(stmt, ast.Assert) else []
        handed_on = None in guards
        by_type = all(any(one and _typed(one.test, value, kind) is (not one.holds) for one in guards) for kind in types)
        if not handed_on and not by_type and _met(inside, guards, start) is not False:
            return True
    return False


def _met(at: At, guards: Collection[Guard | None], start: Taken) -> cors_tests.Known:
    from lading.detect import cors_values

    return cors_tests.met(at.code, at.path, guards, at.within, cors_values.about(at, of(start)))


def _typed(test: ast.expr, value: str, kind: str) -> bool | None:
    """What a test of the type comes to where the validator's argument `value` is a `kind`; None: it asks more."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = _typed(operand, value, kind)
            return None if found is None else not found
        case ast.BoolOp(op=op, values=some):
            each = [_typed(one, value, kind) for one in some]
            decides = isinstance(op, ast.Or)
            return decides if decides in each else None if None in each else not decides
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, wanted]):
            # Of something else, it is one of a list.
            asked = kind if isinstance(subject, ast.Name) and subject.id == value else "str"
            return asked in {one.id for one in ast.walk(wanted) if isinstance(one, ast.Name)}
        case _:
            return None

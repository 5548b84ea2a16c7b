"""A node of the syntax tree → the reading of an environment variable that it is, whichever library does the reading.

The libraries' own rules: `os`, python-decouple, starlette.config, environs and django-environ, python-dotenv, click and
typer, and functions of the project's own around any of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lading.detect import names, settings_called, settings_exits
from lading.detect.code import Code, Function, flat
from lading.detect.names import Meaning, Place

#: What makes an object that reads variables when it is called, or by its methods.
_MAKES = {
    "starlette.config.Config": "starlette", "decouple.AutoConfig": "decouple", "decouple.Config": "decouple",
    "environs.Env": "environs", "environs.FileAwareEnv": "environs", "environ.Env": "environs",
    "environ.FileAwareEnv": "environs", "dotenv.dotenv_values": "file", "dotenv.main.dotenv_values": "file",
}  # fmt: skip
_SIMPLY = {"decouple.config": "decouple", "environs.env": "environs", "os.environ": "environ", "os.environb": "environ"}

#: Methods of an `Env` that read none.
_NO_READ = frozenset({"read_env", "read_envfile", "prefixed", "seal", "add_parser", "parser_for", "dump", "smart_cast"})
_GETS = frozenset({"get", "getenv", "pop", "setdefault"})


@dataclass(frozen=True, slots=True)
class Read:
    """One reading of the process's environment."""

    name: ast.expr
    default: ast.expr | None
    hard: bool  # fails when the variable is unset
    prefix: str = ""  # what the reader puts before the name
    kind: str = "environ"  # `file`: of a file of settings, and not of the environment
    cast: ast.expr | None = None


def read(  # noqa: PLR0911 - a table
    code: Code, path: str, node: ast.AST, within: Function | None = None
) -> Read | None:
    """`node` as a reading of the environment: `os.environ["X"]`, `os.getenv("X")`, `config("X")`, `env.int("X")`."""
    if not settings_called.maybe(code, node):
        return None
    match node:
        case ast.Subscript(value=value, slice=key, ctx=ast.Load()):
            kind = reader(code, path, value, within)
            return Read(key, None, hard=True, kind=kind) if kind in {"environ", "file"} else None
        case ast.Call(func=ast.Attribute(value=owner, attr=attr) as func, args=[key, *rest]):
            named = names.resolve(code, path, func, within)
            if named in {"os.getenv", "os.getenvb"}:
                return Read(key, _given(node, rest, "default"), hard=False)
            kind = reader(code, path, owner, within)
            if kind in {"environ", "file"} and attr in _GETS:
                return Read(key, _given(node, rest, "default"), hard=attr == "pop" and not rest, kind=kind)
            if kind == "environs" and attr not in _NO_READ:
                return _env(code, path, node, key, rest, within, cast=ast.Name(id=attr, ctx=ast.Load()))
            return _called_itself(code, path, node, key, rest, within)
        case ast.Call(func=ast.Name() as func, args=[key, *rest]):
            if names.resolve(code, path, func, within) in {"os.getenv", "os.environ.get", "os.getenvb"}:
                return Read(key, _given(node, rest, "default"), hard=False)
            return _called_itself(code, path, node, key, rest, within)
        case ast.Call(func=ast.Name() | ast.Attribute()) if node.keywords:
            return _own(code, path, node, within)
        case _:
            return None


def _called_itself(  # noqa: PLR0917 - what is known goes along
    code: Code, path: str, node: ast.Call, key: ast.expr, rest: list[ast.expr], within: Function | None
) -> Read | None:
    """A call of what reads by being called: `config("X")`, `decouple.config("X")`, a function of the project's own."""
    match reader(code, path, node.func, within):
        case "decouple":
            default = _given(node, rest, "default")
            return Read(key, default, hard=default is None, cast=_given(node, rest[1:], "cast"))
        case "starlette":
            default = _given(node, rest[1:], "default")
            return Read(key, default, hard=default is None, cast=_given(node, rest, "cast"))
        case "environs":
            return _env(code, path, node, key, rest, within, cast=None)
        case _:
            return _own(code, path, node, within)


def options(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The variables of a command's option, `typer.Option(8000, envvar="PORT")`, each with the option's default."""
    match node:
        case ast.Call(args=args, keywords=keywords):
            given = {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
            envvar = given.get("envvar")
            inner = envvar.elts[:1] if isinstance(envvar, ast.List | ast.Tuple) else [envvar] if envvar else []
            is_text = bool(args) and isinstance(args[0], ast.Constant) and str(args[0].value).startswith("-")
            yield from ((name, given.get("default") or (args[0] if args and not is_text else None)) for name in inner)
        case _:
            return


def reader(code: Code, path: str, node: ast.expr, within: Function | None = None) -> str:
    """What kind of reader of variables an expression is; empty for something else."""
    meaning = names.resolve(code, path, node, within)
    for _ in range(4):  # `environ = os.environ`, and names of that
        match meaning:
            case str():
                return _SIMPLY.get(meaning, "")
            case Place(path=file, node=ast.Call(func=func) as call):
                made = names.resolve(code, file, func, within if file == path else None)
                kind = _MAKES.get(made, "") if isinstance(made, str) else ""
                if kind == "starlette" and any(keyword.arg == "env_prefix" for keyword in call.keywords):
                    return ""  # with a prefix of its own: too rare to be told right
                return kind
            case Place(path=file, node=ast.Name() | ast.Attribute() as expr):
                meaning = names.resolve(code, file, expr, within if file == path else None)
            # `{**dotenv_values(".env"), **os.environ}`
            case Place(path=file, node=ast.Dict(keys=keys, values=spread)) if None in keys:
                kinds = [_MAKES.get(str(_called(code, file, value)), "") or reader(code, file, value, None)
                         for key, value in zip(keys, spread, strict=True) if key is None]  # fmt: skip
                return "environ" if "environ" in kinds else "file" if "file" in kinds else ""
            case _:
                return ""
    return ""


def _called(code: Code, path: str, node: ast.expr) -> Meaning | None:
    return names.resolve(code, path, node.func) if isinstance(node, ast.Call) else None


def _given(node: ast.Call, rest: list[ast.expr], name: str) -> ast.expr | None:
    """An argument, by its place or its name."""
    return rest[0] if rest else next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _env(  # noqa: PLR0917 - what is known goes along
    code: Code, path: str, node: ast.Call, key: ast.expr, rest: list[ast.expr], within: Function | None,
    *, cast: ast.expr | None,
) -> Read:  # fmt: skip
    """A reading by environs: `env.str("X", "default")`, with the prefix of the `with env.prefixed("P_"):` around it."""
    default = _given(node, rest, "default")
    tree = code.tree(path)
    prefix = ""
    for stmt in (*(tree.statements if tree else ()), *(flat(within.body) if within else ())):
        if isinstance(stmt, ast.With) and stmt.lineno <= node.lineno <= (stmt.end_lineno or stmt.lineno):
            for item in stmt.items:
                match item.context_expr:
                    case ast.Call(func=ast.Attribute(attr="prefixed"), args=[ast.Constant(value=str(text))]):
                        prefix += text
                    case _:
                        pass
    return Read(key, default, hard=default is None, prefix=prefix, cast=cast)


def _own(code: Code, path: str, node: ast.Call, within: Function | None) -> Read | None:
    """A call of the project's own function that reads the variable that it is given the name of."""
    found = own(code, path, node.func, within)
    if found is None:
        return None
    wrapper, name, default = found
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    given |= dict(zip(wrapper.parameters, node.args, strict=False))
    key, said = given.get(name), given.get(default, wrapper.read.default)
    if key is None:
        return None
    asked = given.get(wrapper.switch, wrapper.usual) if wrapper.switch else None
    if isinstance(asked, ast.Constant) and bool(asked.value) is not wrapper.raises_when:
        return replace(wrapper.read, name=key, default=said, hard=False)
    hard = wrapper.read.hard and (said is None or (isinstance(said, ast.Constant) and said.value is None))
    return replace(wrapper.read, name=key, default=said, hard=hard)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A function that reads the variable that its argument names."""

    parameters: tuple[str, ...]  # as a caller gives them
    read: Read
    switch: str = ""  # the parameter that decides whether it fails: `if required and value is None: raise`
    usual: ast.expr | None = None  # what it is where a call leaves it out
    raises_when: bool = True


def own(code: Code, path: str, func: ast.expr, within: Function | None) -> tuple[Wrapper, str, str] | None:
    """The project's own reading function that `func` is, and its parameters for the name and for the default."""
    match names.resolve(code, path, func, within):
        case Place(path=file, node=ast.FunctionDef() as function) if any(
            word in code.data(file) for word in settings_called.WORDS
        ):
            key = ("wrapper", function)
            if key not in code.memo:
                code.memo[key] = None  # until it is known: it may call itself
                code.memo[key] = _wrapper(code, file, function)
            found: tuple[Wrapper, str, str] | None = code.memo[key]
            return found
        case _:
            return None


def _wrapper(code: Code, path: str, function: ast.FunctionDef) -> tuple[Wrapper, str, str] | None:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    parameters = tuple(argument.arg for argument in arguments)
    if not parameters or len(parameters) > 6:
        return None
    tree = code.tree(path)
    for node, inner in tree.nodes if tree else ():
        if inner is not function or not isinstance(node, ast.Call | ast.Subscript):
            continue
        found = read(code, path, node, function)
        name, prefix = _parameter(found.name) if found else ("", "")
        if found is None or name not in parameters:
            continue
        default = found.default.id if isinstance(found.default, ast.Name) and found.default.id in parameters else ""
        if not default:
            default = next((arg for arg in parameters if arg in {"default", "fallback", "default_value"}), "")
        raises = settings_exits.exits(list(flat(function.body)))
        own_default = _defaults(function).get(default) if default else found.default
        inside = replace(found, default=own_default, hard=found.hard or raises, prefix=found.prefix + prefix)
        switch, when = ("", True) if found.hard else settings_exits.switch(function, {*parameters} - {name, default})
        return Wrapper(parameters, inside, switch, _every_default(function).get(switch), when), name, default
    return None


def _parameter(node: ast.expr) -> tuple[str, str]:
    """The parameter that a variable's name is made of, and the text before it: `f"APP_{name}"`."""
    match node:
        case ast.Name(id=name) | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="upper")):
            return name, ""
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), ast.FormattedValue(value=inner)]):
            return _parameter(inner)[0], prefix
        case ast.BinOp(left=ast.Constant(value=str(prefix)), op=ast.Add(), right=inner):
            return _parameter(inner)[0], prefix
        case _:
            return "", ""


def _defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    found = _every_default(function)
    # `default=None` is how a function says that there is none.
    return {name: value for name, value in found.items() if not (isinstance(value, ast.Constant) and not _text(value))}


def _every_default(function: ast.FunctionDef) -> dict[str, ast.expr]:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    last = positional[len(positional) - len(given.defaults) :]
    both = [*zip(last, given.defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return {argument.arg: default for argument, default in both if default is not None}


def _text(node: ast.Constant) -> bool:
    return node.value is not None and node.value is not ...

"""A pydantic-settings class, of version 1 or 2 → its fields and the environment variable that fills each.

The rules are pydantic-settings' own ("Environment variable names", "Parsing environment variable values"): prefix and
field name, an alias without the prefix, in any case of letters; we write them in capitals unless the class is case
sensitive. Version 1 reads `env=` and ignores an alias; version 2 reads an alias and ignores `env=`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lading.detect import names, settings_types
from lading.detect.code import Code, Function, written
from lading.detect.names import Place
from lading.detect.settings_types import Kind

#: Models in models; nobody nests settings deeper.
DEEPEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a settings class: `variable` gives it, and `default` does where the variable is unset."""

    variable: str
    default: ast.expr | None  # None: there is none, or a function makes it
    required: bool
    kind: Kind
    path: str
    line: int
    made: Function | None = None  # the validator that puts it together
    least: int | None = None  # characters that a value must have


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the class that is instantiated says, and holds for the fields of those above it too."""

    version: int
    prefix: str
    sensitive: bool
    delimiter: str
    named: Mapping[str, ast.expr]  # version 1: `class Config: fields = {"url": {"env": "X"}}`


def is_settings(code: Code, path: str, cls: ast.ClassDef) -> bool:
    """Whether a class is, at some remove, a BaseSettings."""
    return version(code, path, cls) is not None


def version(code: Code, path: str, cls: ast.ClassDef) -> int | None:
    """The version of pydantic-settings whose rules a class goes by; None for a class that is not of settings."""
    key = ("settings version", cls)
    if key not in code.memo:
        code.memo[key] = _version(code, path, cls)
    found: int | None = code.memo[key]
    return found


def _version(code: Code, path: str, cls: ast.ClassDef) -> int | None:
    for meaning in names.family(code, path, cls):
        for package, number in (("pydantic_settings", 2), ("pydantic", 1), ("fastapi_settings", 2)):
            if names.library(meaning, package, "BaseSettings"):
                return number
        # A library's own base class for settings is one of them.
        if isinstance(meaning, str) and "." in meaning and meaning.endswith("BaseSettings"):
            return 2
    return None


def options(code: Code, path: str, cls: ast.ClassDef) -> Mapping[str, ast.expr]:
    """The configuration of a class: its own, and that of those above it."""
    found: dict[str, ast.expr] = {}
    for file, node in reversed(_classes(code, path, cls)):
        found |= dict(_options(code, file, node))
    return found


def fields(code: Code, path: str, cls: ast.ClassDef) -> Mapping[str, Field]:
    """The fields of a settings class by name, those that it inherits too; the class's own prefix holds for all.

    With `env_nested_delimiter`, the fields of models in it too, by their dotted names, and not the models themselves.
    """
    key = ("fields", cls)
    if key not in code.memo:
        code.memo[key] = {}  # until they are known: a class may hold itself
        said = options(code, path, cls)
        fields_option = said.get("fields")
        pairs = (
            zip(fields_option.keys, fields_option.values, strict=True) if isinstance(fields_option, ast.Dict) else ()
        )
        rules = _Rules(
            version=version(code, path, cls) or 2,
            prefix=_text(code, path, said.get("env_prefix")) or "",
            sensitive=constant(said.get("case_sensitive")) is True,
            delimiter=_text(code, path, said.get("env_nested_delimiter")) or "",
            named={str(constant(one)): value for one, value in pairs},
        )
        code.memo[key] = dict(_fields(code, path, cls, rules, rules.prefix, "", required=True, depth=0))
    found: Mapping[str, Field] = code.memo[key]
    return found


def validators(code: Code, path: str, cls: ast.ClassDef, name: str) -> Iterator[tuple[str, Function]]:
    """The functions of a class, and of those above it, that the field `name` goes through, each with its file."""
    for file, node in reversed(_classes(code, path, cls)):
        yield from ((file, function) for field, function in _validators(node) if field in {name, "*"})


def methods(code: Code, path: str, cls: ast.ClassDef, name: str) -> Iterator[tuple[str, Function]]:
    """The functions `name` of a class and of its inner ones, such as `Config`, and of those above it."""
    for file, node in _classes(code, path, cls):
        inner = (one for one in node.body if isinstance(one, ast.ClassDef))
        for stmt in (*node.body, *(stmt for one in inner for stmt in one.body)):
            if isinstance(stmt, ast.FunctionDef) and stmt.name == name:
                yield file, stmt


def _fields(  # noqa: PLR0917 - what is known goes along
    code: Code, path: str, cls: ast.ClassDef, rules: _Rules, start: str, dots: str, *, required: bool, depth: int
) -> Iterator[tuple[str, Field]]:  # fmt: skip
    """The fields of `cls`, whose variables begin with `start`; where the whole has a default, none is required."""
    classes = _classes(code, path, cls)
    checks = {name: (file, function) for file, node in reversed(classes) for name, function in _validators(node)}
    for file, node in reversed(classes):
        for stmt in node.body:
            if not isinstance(stmt, ast.AnnAssign) or not isinstance(stmt.target, ast.Name):
                continue
            field = _field(code, file, stmt, rules, start, nested=depth > 0)
            if field is None:
                continue
            name = stmt.target.id
            if name in checks:
                field = _checked(code, *checks[name], field)
            model = field.kind.model
            inner = model.node if model and isinstance(model.node, ast.ClassDef) else None
            if inner is None or model is None:
                yield dots + name, replace(field, required=field.required and required)
            elif is_settings(code, model.path, inner):
                continue  # it reads its own variables
            elif rules.delimiter and depth < DEEPEST:
                below = field.variable + rules.delimiter
                needed = required and field.required
                found = dict(
                    _fields(code, model.path, inner, rules, below, f"{dots}{name}.", required=needed, depth=depth + 1)
                )
                yield from found.items()
                if needed and not any(one.required for one in found.values()):
                    yield dots + name, field  # one of its parts must be given, whichever
            else:
                yield dots + name, replace(field, required=field.required and required)


def _classes(code: Code, path: str, cls: ast.ClassDef) -> list[tuple[str, ast.ClassDef]]:
    lineage = [place for place in names.family(code, path, cls) if isinstance(place, Place)]
    return [(place.path, place.node) for place in lineage if isinstance(place.node, ast.ClassDef)]


def _options(code: Code, path: str, cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """The configuration of one class: `model_config = …`, `class Config:`, or arguments of the class statement."""
    yield from ((keyword.arg, keyword.value) for keyword in cls.keywords if keyword.arg)
    for stmt in cls.body:
        match stmt:
            case (
                ast.Assign(targets=[ast.Name(id="model_config")], value=value)
                | ast.AnnAssign(target=ast.Name(id="model_config"), value=ast.expr() as value)
            ):
                if isinstance(value, ast.Name) and isinstance(place := names.find(code, path, value.id), Place):
                    value = place.node if isinstance(place.node, ast.expr) else value
                if isinstance(value, ast.Call):
                    yield from ((keyword.arg, keyword.value) for keyword in value.keywords if keyword.arg)
                elif isinstance(value, ast.Dict):
                    pairs = zip(value.keys, value.values, strict=True)
                    yield from ((str(key.value), item) for key, item in pairs if isinstance(key, ast.Constant))
            case ast.ClassDef(name="Config"):
                for inner in stmt.body:
                    if isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name):
                        yield inner.targets[0].id, inner.value
                    elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name) and inner.value:
                        yield inner.target.id, inner.value
            case _:
                pass


def _validators(cls: ast.ClassDef) -> Iterator[tuple[str, Function]]:
    """The fields that a validator of the class is for, each with it."""
    for stmt in cls.body:
        for decorator in stmt.decorator_list if isinstance(stmt, ast.FunctionDef) else ():
            if isinstance(decorator, ast.Call) and written(decorator.func).endswith("validator"):
                texts = (argument.value for argument in decorator.args if isinstance(argument, ast.Constant))
                yield from ((str(text), stmt) for text in texts if isinstance(stmt, ast.FunctionDef))


def _checked(code: Code, path: str, function: Function, field: Field) -> Field:
    """A field with what its validator says of it: the values that pass, or how it is put together when it is unset."""
    allowed = field.kind.allowed or settings_types.restricted(code, path, function)
    kind = replace(field.kind, allowed=allowed, type="enum" if allowed else field.kind.type)
    unset = field.default is None or (isinstance(field.default, ast.Constant) and not field.default.value)
    # Where nothing was given, a validator that runs before the check may give it; of a text that is empty, version 2,
    # which validates defaults too, asks one that runs after it as well.
    said = [written(one) for one in function.decorator_list]
    before = any("before" in one or "pre=True" in one for one in said)
    before = before or (field.default is not None and any("field_validator" in one for one in said))
    least = max((one for one in (field.least, settings_types.shortest(function)) if one), default=None)
    return replace(field, kind=kind, made=function if unset and before else None, least=least)


def _field(code: Code, path: str, stmt: ast.AnnAssign, rules: _Rules, start: str, *, nested: bool) -> Field | None:
    name = stmt.target.id if isinstance(stmt.target, ast.Name) else ""
    if name.startswith(("_", "model_config")) or written(stmt.annotation).split("[")[0].endswith("ClassVar"):
        return None
    kind = settings_types.kind(code, path, stmt.annotation)
    default, alias, made = stmt.value, None, False
    calls = (default, *_metadata(stmt.annotation))
    call = next((node for node in calls if isinstance(node, ast.Call) and _is_field(code, path, node)), None)
    if call is not None:
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if call is default or default is None:  # `Annotated[str, Field("x")]`
            default = given.get("default", call.args[0] if call.args else None)
        made = "default_factory" in given
        alias = given.get("env") if rules.version == 1 else given.get("validation_alias") or given.get("alias")
        if shape := _text(code, path, given.get("pattern") or given.get("regex")):
            kind = replace(kind, allowed=kind.allowed or settings_types.pattern(shape))
    if rules.version == 1 and name in rules.named:
        match rules.named[name]:
            case ast.Dict(keys=keys, values=items):
                alias = next((v for k, v in zip(keys, items, strict=True) if constant(k) == "env"), alias)
            case ast.Constant() as text:
                alias = text
            case _:
                pass
    if constant(default) is ...:
        default = None
    said = _alias(code, path, alias)
    # A field of a model in a model goes by its alias too, after the names on the way to it.
    variable = (start + said if nested else said) if said else start + name
    lenient = rules.version == 1 and kind.optional
    return Field(
        variable=variable if rules.sensitive else variable.upper(),
        default=default,
        required=default is None and not made and not lenient,
        kind=kind,
        path=path,
        line=stmt.lineno,
        least=_least(code, path, stmt) if kind.type in {"str", "url"} else None,
    )


def _least(code: Code, path: str, stmt: ast.AnnAssign) -> int | None:
    """`min_length` of `Field(…)`, `StringConstraints(…)` or `constr(…)`."""
    for node in (stmt.value, *ast.walk(stmt.annotation)):
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg == "min_length":
                place = names.resolve(code, path, keyword.value)
                inner = place.node if isinstance(place, Place) and isinstance(place.node, ast.expr) else keyword.value
                length = constant(inner)
                return length if isinstance(length, int) and length > 0 else None
    return None


def _metadata(annotation: ast.expr) -> tuple[ast.expr, ...]:
    """What `Annotated[…]` says beside the type."""
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        return tuple(annotation.slice.elts[1:])
    return ()


def _is_field(code: Code, path: str, node: ast.Call) -> bool:
    meaning = names.resolve(code, path, node.func)
    return isinstance(meaning, str) and meaning.rpartition(".")[2] == "Field"


def _alias(code: Code, path: str, node: ast.expr | None) -> str | None:
    """The first name of `"X"`, `AliasChoices("X", …)` or `["X", …]`."""
    match node:
        case (
            ast.Call(args=[first, *_])
            | ast.List(elts=[first, *_])
            | ast.Tuple(elts=[first, *_])
            | ast.Set(elts=[first, *_])
        ):
            return _alias(code, path, first)
        case _:
            return _text(code, path, node)


def _text(code: Code, path: str, node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Name) and isinstance(place := names.find(code, path, node.id), Place):
        node = place.node if isinstance(place.node, ast.expr) else None
    value = constant(node)
    return value if isinstance(value, str) else None


def constant(node: ast.expr | None) -> object:
    """The value of a constant; None for what is none."""
    return node.value if isinstance(node, ast.Constant) else None

"""A Dynaconf object and what is asked of it → the variables that it reads, `MYAPP_NAME` for `settings.NAME`."""

from __future__ import annotations

import ast
import posixpath
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from lading.detect import names, pydantic, settings_calls
from lading.detect.code import Code
from lading.detect.names import Place
from lading.detect.settings_code import Asked
from lading.detect.settings_names import is_secret
from lading.model import Fact, Variable

_MAKES = frozenset({"dynaconf.Dynaconf", "dynaconf.LazySettings", "dynaconf.base.LazySettings"})
_LARGEST = 200_000


def variables(asked: Asked) -> Iterator[Fact[Variable]]:
    """The variables of every Dynaconf object of the backend's own."""
    code = asked.code
    for path in code.holding(b"dynaconf"):
        tree = code.tree(path)
        for name, bindings in tree.bindings.items() if tree else ():
            call = bindings[-1]
            if isinstance(call, ast.Call) and names.resolve(code, path, call.func) in _MAKES:
                yield from _of(asked, path, name, call)


def _of(asked: Asked, path: str, name: str, call: ast.Call) -> Iterator[Fact[Variable]]:
    code = asked.code
    given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    prefix = pydantic.constant(given.get("envvar_prefix", ast.Constant("DYNACONF")))
    start = f"{prefix}_" if isinstance(prefix, str) and prefix else ""
    known = _defaults(code, path, given)
    needed = set(_validated(given.get("validators")))
    seen = dict.fromkeys(sorted(needed), f"{path}:{call.lineno}")
    for site in settings_calls.sites(code, path, name):
        tree = code.tree(site.path)
        for node, within in tree.nodes if tree and site.path not in seen else ():
            key = _key(node)
            if key and _is(code, site.path, node, call, within):
                seen.setdefault(key, f"{site.path}:{getattr(node, 'lineno', 1)}")
        if asked_for := _attribute_of(code, site):
            seen.setdefault(asked_for, f"{site.path}:{site.node.lineno}")
    for key, where in seen.items():
        default = known.get(key.upper())
        variable = start + key.upper().replace(".", "__")
        required, secret = key in needed and default is None, is_secret(variable, default)
        yield Fact(Variable(name=variable, default=default, required=required, secret=secret), where)


def _key(node: ast.AST) -> str:
    match node:
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Call(func=ast.Attribute(attr="get" | "exists"), args=[ast.Constant(value=str(key)), *_]):
            return key
        case _:
            return ""


def _is(code: Code, path: str, node: ast.AST, call: ast.Call, within: Any) -> bool:
    owner = node.value if isinstance(node, ast.Subscript) else node.func.value  # type: ignore[attr-defined]
    meaning = names.resolve(code, path, owner, within)
    return isinstance(meaning, Place) and meaning.node is call


def _attribute_of(code: Code, site: settings_calls.Site) -> str | None:
    """The upper-case name that is asked of the object where it is mentioned: `settings.DATABASE_URL`."""
    tree = code.tree(site.path)
    for key, sites in settings_calls.mentions(code, site.path).items() if tree and key_like(site) else ():
        for one in sites:
            if isinstance(one.node, ast.Attribute) and one.node.value is site.node and key.isupper():
                return key
    return None


def key_like(site: settings_calls.Site) -> bool:
    """Whether a mention may be asked for an attribute."""
    return isinstance(site.node, ast.Name)


def _validated(node: ast.expr | None) -> Iterator[str]:
    """The names that `Validator("A", "B", must_exist=True)` asks for."""
    for one in node.elts if isinstance(node, ast.List | ast.Tuple) else ():
        if isinstance(one, ast.Call):
            given = {keyword.arg: keyword.value for keyword in one.keywords if keyword.arg}
            if pydantic.constant(given.get("must_exist")) is True and "default" not in given:
                yield from (str(arg.value) for arg in one.args if isinstance(arg, ast.Constant))


def _defaults(code: Code, path: str, given: Mapping[str, ast.expr]) -> Mapping[str, str]:
    """What the TOML files among its `settings_files` say, flat, of their default environment."""
    listed = given.get("settings_files") or given.get("settings_file")
    elts = listed.elts if isinstance(listed, ast.List | ast.Tuple) else [listed] if listed else []
    found: dict[str, str] = {}
    for one in elts:
        text = str(pydantic.constant(one))
        for base in ("", posixpath.dirname(path)):
            file = posixpath.normpath(posixpath.join(base, text))
            if file.endswith(".toml") and file in code.source.files and ".secrets" not in file:
                found |= _toml(code.source.read(file))
    return found


def _toml(data: bytes) -> dict[str, str]:
    try:
        table: dict[str, Any] = tomllib.loads(data.decode()) if len(data) <= _LARGEST else {}
    except (ValueError, RecursionError):
        return {}
    inner = table.get("default", table)
    rows = inner.items() if isinstance(inner, dict) else ()
    return {str(key).upper(): str(value) for key, value in rows if isinstance(value, str | int | float)}

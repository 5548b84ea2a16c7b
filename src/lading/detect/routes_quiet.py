"""The bytes of a file → whether its routes can tell nothing of the backend's state, so that it need not be parsed.

Most files of a large backend are routers of its subject: `@router.get("/orders")`. What a health check or a scraper of
metrics may ask has a name of its own.
"""

from __future__ import annotations

import ast
import re

from lading.detect import names
from lading.detect.code import Code, Function
from lading.detect.health_names import TELLING
from lading.detect.imports import Imported

_ROUTER = re.compile(rb"^(\w+)[ \t]*(?::[ \t]*[\w.]+[ \t]*)?=[ \t]*(?:fastapi\.)?APIRouter\(", re.MULTILINE)
_PREFIX = re.compile(rb"\bprefix[ \t]*=[ \t]*(?:[\"']([^\"'{}\\\n]*)[\"'])?")
_DECORATOR = re.compile(rb"@[ \t]*([\w.]+)\.(\w+)\(")
#: The path that a decorator is given, where it is a constant.
_PATH = re.compile(rb"\s*(?:path[ \t]*=[ \t]*)?[\"']([^\"'\\\n]*)[\"']")
_VERBS = frozenset({b"get", b"api_route", b"route", b"head", b"post", b"put", b"patch", b"delete", b"options"})
#: Where these are, only the syntax tree tells.
_MORE = (b"FastAPI", b"generate_latest", b"import *")


def quiet(data: bytes) -> bool:
    """Whether all the routes of a file are of routers that it makes, and no path can end in a telling name."""
    if any(word in data for word in _MORE):
        return False
    prefixes = {}
    for made in _ROUTER.finditer(data):
        given = _PREFIX.search(data, made.end(), data.find(b"@", made.end()))
        if given and given[1] is None:
            return False  # it is no constant
        prefixes[made[1]] = given[1] if given else b""
    for decorator in _DECORATOR.finditer(data) if prefixes else ():
        owner, verb = decorator[1], decorator[2]
        if verb not in _VERBS:
            continue
        path = _PATH.match(data, decorator.end())
        if owner not in prefixes or path is None:
            return False
        whole = (prefixes[owner] + b"/" + path[1]).rstrip(b"/").lower()
        last = whole.rpartition(b"/")[2]
        if b"{" not in whole and (not last or last in TELLING):
            return False
    return bool(prefixes)


def of(code: Code, path: str, expr: ast.expr, within: Function | None) -> str | None:
    """The file that a router comes from, by its import alone: `users.router`, or `router` that is imported from it."""
    name = expr.value if isinstance(expr, ast.Attribute) else expr
    if not isinstance(name, ast.Name):
        return None
    tree = code.tree(path)
    bound = names.local(code, within).get(name.id) or (tree.bindings.get(name.id, ()) if tree else ())
    match bound[-1] if bound else None:
        case Imported(module=module, name=str(inner), level=level) if isinstance(expr, ast.Attribute):
            return names.module(code, path, Imported(f"{module}.{inner}".lstrip("."), None, level))
        case Imported() as imported if isinstance(expr, ast.Name):
            return names.module(code, path, imported)
        case _:
            return None

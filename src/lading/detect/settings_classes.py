"""The pydantic-settings classes that a backend makes → the variables that fill them, and the files beside those."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from lading.detect import names, pydantic, settings_calls, settings_types, values
from lading.detect.code import Code, Tree, written
from lading.detect.names import Place
from lading.detect.settings_code import Asked
from lading.detect.settings_names import is_secret
from lading.model import Fact, Variable

WORDS = (b"BaseSettings", b"pydantic_settings")


def classes(code: Code) -> tuple[Place, ...]:
    """Every settings class of the backend's own, in files that name pydantic's or inherit from one that does."""
    if ("settings classes",) not in code.memo:
        found: dict[int, Place] = {}
        todo = list(code.holding(*WORDS))
        seen: set[str] = set()
        while todo:
            path = todo.pop(0)
            if path in seen:
                continue
            seen.add(path)
            tree = code.tree(path)
            for node, _ in tree.nodes if tree else ():
                if not isinstance(node, ast.ClassDef) or not node.bases or id(node) in found:
                    continue
                if pydantic.is_settings(code, path, node):
                    found[id(node)] = Place(path, node.name, node)
                    few = len(found) <= settings_calls.MOST
                    heirs = code.holding(node.name.encode() + b")", node.name.encode() + b",") if few else ()
                    todo += heirs if len(heirs) <= settings_calls.MOST else ()
        code.memo["settings classes",] = tuple(found.values())
    result: tuple[Place, ...] = code.memo["settings classes",]
    return result


def made(asked: Asked, place: Place) -> bool | None:
    """Whether a class is instantiated before the first request; None: nowhere, so that nobody reads its variables."""
    mentions = [
        site for site in settings_calls.sites(asked.code, place.path, place.name) if _is(asked.code, site, place)
    ]
    if not mentions:
        return True if _is_part(asked.code, place) else None
    return any(asked.starts(site.path, site.within) for site in mentions if not site.later)


def _is(code: Code, site: settings_calls.Site, place: Place) -> bool:
    """Whether a mention is of the class, and not a class method of it that only describes it."""
    meaning = names.resolve(code, site.path, site.node, site.within)
    return meaning is None or (isinstance(meaning, Place) and (meaning.node is place.node or meaning.node is None))


def _is_part(code: Code, place: Place) -> bool:
    """Whether the class is the type of a field of another settings class, which pydantic then makes."""
    for other in classes(code):
        if other.node is place.node or not isinstance(other.node, ast.ClassDef):
            continue
        for stmt in other.node.body:
            if isinstance(stmt, ast.AnnAssign) and place.name in written(stmt.annotation):
                return True
    return False


def variables(asked: Asked, tree: Tree) -> Iterator[Fact[Variable]]:
    """The variables of the settings classes of one file that somebody makes."""
    for place in classes(asked.code):
        if place.path != tree.path or not isinstance(place.node, ast.ClassDef):
            continue
        when = made(asked, place)
        if when is None:
            continue
        given = _given(asked, place)
        for name, field in pydantic.fields(asked.code, place.path, place.node).items():
            if _reads_another(asked.code, field):
                continue
            fact = _fact(asked.code, field)
            required = fact.value.required and when and name not in given
            yield replace(fact, value=replace(fact.value, required=required))


def _reads_another(code: Code, field: pydantic.Field) -> bool:
    """Whether a field's default reads a variable of another name, `host: str = os.getenv("DB_HOST")`: that is meant.

    Not of a list: the class takes JSON from its own variable, and the default takes something else from the other.
    """
    default = values.fold(code, field.path, field.default)
    other = default.variable if default and field.kind.type not in {"list", "json"} else None
    return other is not None and other.upper() != field.variable.upper()


def _given(asked: Asked, place: Place) -> frozenset[str]:
    """The fields that every call of the class gives: the environment need not."""
    sites = settings_calls.sites(asked.code, place.path, place.name)
    calls = [site for site in sites if site.call and not site.later and _is(asked.code, site, place)]
    return frozenset.intersection(*(frozenset(_keywords(asked.code, site)) for site in calls)) if calls else frozenset()


def _keywords(code: Code, site: settings_calls.Site) -> Iterator[str]:
    """The names of a call's keyword arguments, those of `**{…}` too."""
    for keyword in site.call.keywords if site.call else ():
        if keyword.arg:
            yield keyword.arg
            continue
        meaning = names.resolve(code, site.path, keyword.value, site.within)
        inner = meaning.node if isinstance(meaning, Place) else keyword.value
        if isinstance(inner, ast.Dict):
            yield from (str(key.value) for key in inner.keys if isinstance(key, ast.Constant))


def _fact(code: Code, field: pydantic.Field) -> Fact[Variable]:
    default = values.fold(code, field.path, field.default)
    text = default.text if default and default.whole else None
    kind = field.kind
    text = settings_types.literal(field.default) if text is None and kind.type in {"list", "json"} else text
    plain = kind.type not in {"int", "bool", "list", "json"}
    variable = Variable(
        name=field.variable,
        default=text,
        required=field.required,
        secret=kind.secret or (plain and is_secret(field.variable, text)),
        type=kind.type,
        allowed=kind.allowed,
        least=field.least,
    )
    return Fact(variable, f"{field.path}:{field.line}")

"""A question about a source → the whole story of how it was answered: candidates, reasons, and what settles it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from lading.detect import override, settle
from lading.errors import BadInput
from lading.model import Fact, Project
from lading.settings import Settings
from lading.source import Source

#: What is asked, and the field of a project that answers it; beside the fields' own names. The first are the names of
#: the rows and the groups that `lading inspect` prints.
_OTHER_NAMES = {
    "wheels": "newest", "locked": "dependencies", "requires": "dependencies", "index": "dependencies",
    "installed": "dependencies", "liveness": "health", "schema": "routes", "dockerfile": "layout", "store": "stores",
    "debian-packages": "system", "backends": "services", "backends-of-this-repository": "services",
    "app": "application", "asgi": "application", "factory": "application", "db": "database", "env": "environment",
    "variables": "environment", "settings": "environment", "secrets": "environment", "manager": "dependencies",
    "requirements": "dependencies", "lock": "dependencies", "version": "python", "metrics": "routes",
    "readiness": "routes", "ready": "routes", "alembic": "migrations", "worker": "workers",
    "queue": "workers", "celery": "workers", "packages": "system", "files": "paths", "volumes": "paths",
    "build": "packaging", "service": "services", "backend": "services", "frontend": "front-end", "cache": "stores",
}  # fmt: skip


def questions() -> tuple[str, ...]:
    """What may be asked."""
    return tuple(settle.shown(field).replace(" ", "-") for field in override.KEYS)


def explain(source: Source, settings: Settings, question: str) -> tuple[str, ...]:
    """The story of one decision, in lines: what was decided and why, what else was considered, which key settles it.

    Raises `BadInput` for a question that there is not, with the nearest right one, and what detection raises.
    """
    from lading.detect import detect

    field = _field(question)
    project = detect(source, settings)
    told = tuple(_decided(project, settings, field))
    story = _story(field)
    return (*told, "", *story(source, settings)) if story else told


def _field(question: str) -> str:
    asked = "-".join(question.lower().replace("_", " ").replace("-", " ").split())
    field = _OTHER_NAMES.get(asked, asked).replace("-", "_")
    if field in override.KEYS:
        return field
    near = difflib.get_close_matches(asked, (*questions(), *_OTHER_NAMES), n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"ask for {', '.join(questions())}"
    raise BadInput(f"there is no question `{question}`", where="--explain", hint=hint)


def _story(field: str) -> Any:
    """The function `story` of the module that answers the question, where it has one to tell."""
    module = {"dependencies": "lading.dependencies"}.get(field, f"lading.detect.{field}")
    try:
        return getattr(import_module(module), "story", None)
    except ModuleNotFoundError:
        return None


def _decided(project: Project, settings: Settings, field: str) -> Iterator[str]:
    keys = override.KEYS[field]
    found = settle.facts(project, field)
    name = settle.shown(field)
    if not found:
        yield f"{name}: not found"
    elif isinstance(getattr(project, field), tuple):
        yield f"{name}: {len(found)} found"
        for fact in found:
            yield from _fact("  ", _said(fact.value), fact)
    else:
        yield from _fact("", f"{name}: {_said(found[0].value)}", found[0])
    yield ""
    given = [key for key in keys if settings.given(key)]
    if given:
        yield f"settled by {', '.join(f'`{key}`, {settings[key].because}' for key in given)}"
        return
    yield f"settled by {', '.join(f'`{key}`' for key in keys)} under `[tool.lading]`; to decide the same:"
    said = tuple(key for key in keys if settle.value(project, key) not in {None, (), False})
    yield from (f"  {line}" for line in settle.lines(project, said or keys[:1]))


def _fact(indent: str, said: str, fact: Fact[Any]) -> Iterator[str]:
    yield f"{indent}{said}"
    yield f"{indent}  {fact.confidence}: {fact.because}"
    yield from (f"{indent}  rather than {other}" for other in fact.others)


def _said(value: Any) -> str:
    """A noun by the fields that say something; a secret's default is no business of whoever reads this."""
    if isinstance(value, str | int):
        return str(value)
    fields = {name: getattr(value, name) for name in value.__slots__}
    if fields.get("secret") and fields.get("default"):
        fields["default"] = "…"
    first, *rest = fields
    told = [f"{name} {_list(fields[name])}" for name in rest if fields[name] not in {None, "", False} and fields[name]]
    return ", ".join((_list(fields[first]), *told))


def _list(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_list(item) for item in value[:20]) + (f" and {len(value) - 20} more" if value[20:] else "")
    return "yes" if value is True else str(value if not hasattr(value, "__slots__") else _said(value))

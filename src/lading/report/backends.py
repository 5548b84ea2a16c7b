"""What `lading inspect` found → JSON, and text where a repository holds several backends and none of them was named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lading.model import Fact, Project, Service
from lading.report import facts, project
from lading.report.facts import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend of a repository, and what it is, or why that cannot be told."""

    service: Fact[Service]
    project: Project | None = None
    error: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Every backend of a repository that has several, where none of them was named."""

    services: tuple[Backend, ...]


def texts(found: Backends, width: int, color: bool) -> str:  # noqa: FBT001 - as every format
    """Every backend, one below the other, and before them what there is to choose from."""
    rows: list[Row] = []
    for one in found.services:
        rows.append((one.service.value.name, one.service.value.folder, one.service.because))
        rows += [("", one.error, "")] if one.error else []
        rows += [("", f"hint: {one.hint}", "")] if one.hint else []
    title = f"{len(found.services)} backends: choose with --service NAME"
    each = [project.text(one.project, width, color) for one in found.services if one.project]
    return "\n".join((facts.text(title, [("backends of this repository", rows)], width, color=color), *each))


def json(found: Project | Backends) -> str:
    """`found` as JSON: a project, or an object with `services`."""
    from lading.report import json as form

    try:
        return form.encode(found)
    except UnicodeEncodeError:  # half of a character: in the name of a file, or after a `\\ud800` in the code
        import msgspec

        return form.encode(_whole(msgspec.to_builtins(found)))


def _whole(value: Any) -> Any:
    """`value` with a question mark for what no encoding has."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list | tuple) else value


def schema() -> dict[str, Any]:
    """The JSON Schema of what `json` gives, draft 2020-12."""
    import msgspec

    (one, several), definitions = msgspec.json.schema_components((Project, Backends), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What `lading inspect --json` prints: a project, or every backend of a repository that has several",
        "anyOf": [one, several],
        "$defs": definitions,
    }

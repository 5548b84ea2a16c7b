"""The rows `[[requests]]` of a settings file → the requests that a ready container must answer."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lading.errors import BadInput
from lading.model import Request
from lading.source import Source

#: Each key of a row: what it must be, in words, and as JSON Schema.
KEYS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "path": ("a path that begins with `/`", {"type": "string", "pattern": "^/"}),
    "method": ("a method in capitals", {"type": "string", "pattern": "^[A-Z]+$", "default": "GET"}),
    "headers": ("a table of texts", {"type": "object", "additionalProperties": {"type": "string"}}),
    "json": ("a value that JSON has", {}),
    "body": ("a text", {"type": "string"}),
    "form": ("a table of texts", {"type": "object", "additionalProperties": {"type": "string"}}),
    "file": ("the path of a file, from the project's root", {"type": "string"}),
    "status": ("a status from 100 to 599", {"type": "integer", "minimum": 100, "maximum": 599, "default": 200}),
    "contains": ("a text, or a list of texts", {"anyOf": [
        {"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    "keep": ("a table of names, each with a path such as `items.0.id`", {
        "type": "object", "additionalProperties": {"type": "string"}}),
    "until": ("seconds, from 0 to 300", {"type": "integer", "minimum": 0, "maximum": 300, "default": 0}),
    "times": ("a number from 1 to 10000", {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1}),
    "again": ("true or false", {"type": "boolean", "default": False}),
}  # fmt: skip

_HEADER = re.compile(r"[ \t]*\[\[[ \t]*(?:tool[ \t]*\.[ \t]*lading[ \t]*\.[ \t]*)?requests[ \t]*\]\]")


def load(rows: Any, source: Source, path: str) -> tuple[Request, ...]:
    """The requests that the rows of the settings file `path` ask for.

    Raises `BadInput`, at the line of the row, for a key that there is not, a value of the wrong kind, or a file that
    `source` has not.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput("`requests` must be rows, each a table: `[[requests]]`", where=path)
    places = list(_places(source, path))
    out = []
    for number, row in enumerate(rows):
        where = places[number] if len(places) == len(rows) else path
        out.append(_request(row, source, where))
    return tuple(out)


def _places(source: Source, path: str) -> Iterator[str]:
    for number, line in enumerate(source.read(path).decode().splitlines(), 1):
        if _HEADER.match(line):
            yield f"{path}:{number}"


def _request(row: Mapping[str, Any], source: Source, where: str) -> Request:
    for key, value in row.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"the keys are {', '.join(KEYS)}"
            raise BadInput(f"a request has no `{key}`", where=where, hint=hint)
        if not _fits(key, value):
            raise BadInput(f"`{key}` of a request must be {KEYS[key][0]}, not `{value}`", where=where)
    if "path" not in row:
        raise BadInput("a request needs a `path`", where=where, hint='say what is asked: `path = "/tasks"`')
    if sum(key in row for key in ("json", "body", "file")) > 1:
        raise BadInput("a request has one of `json`, `body` and `file`", where=where)
    if "form" in row and ("json" in row or "body" in row):
        raise BadInput("a request with a `form` has no other body", where=where)
    if (file := row.get("file")) is not None and file not in source.files:
        raise BadInput(f"there is no file `{file}` to send", where=where, hint="say its path from the project's root")
    rest = {key: value for key, value in row.items() if key not in {"json", "contains"}}
    if "json" in row:
        rest["headers"] = {"Content-Type": "application/json", **row.get("headers", {})}
        rest["body"] = json.dumps(row["json"], ensure_ascii=False)
    said = row.get("contains", ())
    return Request(**rest, contains=(said,) if isinstance(said, str) else tuple(said))


def _fits(key: str, value: Any) -> bool:
    match key:
        case "path":
            return isinstance(value, str) and value.startswith("/") and value.isprintable() and " " not in value
        case "method":
            return isinstance(value, str) and re.fullmatch("[A-Z]+", value) is not None
        case "headers" | "form" | "keep":
            return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        case "json":
            return _json(value)
        case "body" | "file":
            return isinstance(value, str)
        case "contains":
            return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        case "again":
            return isinstance(value, bool)
        case _:
            bounds = KEYS[key][1]
            return type(value) is int and bounds["minimum"] <= value <= bounds["maximum"]


def _json(value: Any) -> bool:
    """Whether `value` is none of the dates and times that TOML has beside JSON's values."""
    if isinstance(value, dict):
        return all(_json(one) for one in value.values())
    if isinstance(value, list):
        return all(_json(one) for one in value)
    return isinstance(value, (str, int, float, bool))


def schema() -> dict[str, Any]:
    """The JSON Schema of the rows."""
    rows = {key: {**kind, "description": words} for key, (words, kind) in KEYS.items()}
    row = {"type": "object", "properties": rows, "required": ["path"], "additionalProperties": False}
    return {"type": "array", "items": row, "description": "requests that every ready container must answer so"}

"""The plan → JSON and back, and the schema that says what may be in it."""

from __future__ import annotations

import difflib
import json
from typing import Any

from lading.errors import BadInput
from lading.model import PLAN_VERSION, Plan

_SEE_SCHEMA = "`lading plan --schema` says what a plan may hold"


def dump(plan: Plan) -> bytes:
    """`plan` as JSON: every field, in the order of the model, ending in a newline."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def load(data: bytes, where: str) -> Plan:
    """The plan that `dump` wrote, or a hand that follows `schema`.

    Raises `BadInput` for another version, for a key that there is not, with the nearest right one, and for a value of
    the wrong type, with its path.
    """
    import msgspec

    try:
        raw = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise BadInput(
            f"is not JSON: {str(error).removeprefix('JSON is malformed: ')}",
            where=where,
            hint="make one with `lading plan --json`",
        ) from error
    version = raw.get("version", PLAN_VERSION) if isinstance(raw, dict) else PLAN_VERSION
    if version != PLAN_VERSION:
        raise BadInput(
            f"is a plan of version {json.dumps(version)}, and this lading reads version {PLAN_VERSION}",
            where=where,
            hint="make it anew with `lading plan --json`",
        )
    try:
        plan = msgspec.convert(raw, Plan)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        path = place.strip("`").removeprefix("$.").removeprefix("$") or "the plan"
        raise BadInput(f"`{path}`: {said[0].lower()}{said[1:]}", where=where, hint=_SEE_SCHEMA) from error
    _refuse_unknown(raw, msgspec.to_builtins(plan), "", where)
    return plan


def _refuse_unknown(raw: Any, known: Any, path: str, where: str) -> None:
    """What a dataclass does not know it drops, so the keys that did not come back are those that there are not."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else _SEE_SCHEMA
                raise BadInput(f"a plan has no `{path}{key}`", where=where, hint=hint)
            _refuse_unknown(value, known[key], f"{path}{key}.", where)
    elif isinstance(raw, list):
        for number, pair in enumerate(zip(raw, known, strict=True)):
            _refuse_unknown(*pair, f"{path.rstrip('.')}[{number}].", where)


def schema() -> dict[str, Any]:
    """The JSON Schema of a plan, draft 2020-12; as strict as `load`."""
    import msgspec

    found = msgspec.json.schema(Plan)
    for definition in found["$defs"].values():
        definition["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A plan of lading", **found}


def dump_schema() -> bytes:
    """`schema` as JSON, ending in a newline: what docs/plan.schema.json holds."""
    return json.dumps(schema(), indent=2, ensure_ascii=False).encode() + b"\n"

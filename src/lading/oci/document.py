"""JSON that somebody wrote → the objects in it, or a clear error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lading.errors import BadInput

#: What is larger is no manifest, index or configuration: registries refuse manifests of more than 4 MiB.
LIMIT = 8 << 20


def parse(data: bytes, what: str) -> Any:
    """The value in `data`. Raises `BadInput` when it is not JSON, or too large."""
    if len(data) > LIMIT:
        raise BadInput(f"this is not an image: its {what} is larger than {LIMIT >> 20} MiB")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"this is not an image: its {what} is not JSON") from error


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """`value`, when it is an object. Raises `BadInput` when it is not."""
    if not isinstance(value, dict):
        raise BadInput(f"this is not an image: its {what} is not an object")
    return value


def mappings(value: Any, what: str) -> Sequence[Mapping[str, Any]]:
    """`value`, when it is a list of objects. Raises `BadInput` when it is not."""
    if not isinstance(value, list):
        raise BadInput(f"this is not an image: its {what} is not a list")
    return [mapping(row, what) for row in value]

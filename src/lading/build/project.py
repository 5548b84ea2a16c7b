"""The project's manifest → its own distribution in the image: metadata and entry points, as installing it leaves them.

The code is not copied a second time: the metadata are looked for along the path, and the modules are found in /app,
which comes first. No code of the project is run for it.
"""

from __future__ import annotations

import base64
import hashlib
import re

from lading import plan as plans
from lading.build.layers import Recipe
from lading.detect import packaging_metadata
from lading.model import Plan
from lading.oci.layer import Entry
from lading.source import Source


def recipes(plan: Plan, source: Source) -> tuple[Recipe, ...]:
    """The layer, where the plan wants the project installed. Raises `BadInput` for what only its back end can tell."""
    if not plan.dependencies.install:
        return ()
    found = packaging_metadata.read(source, plan.packaging)
    folder = f"{plans.PROJECT[1:]}/{_escaped(found.name)}-{found.version}.dist-info"
    texts = {"METADATA": found.metadata, "INSTALLER": "lading\n"}
    if found.entry_points:
        texts["entry_points.txt"] = found.entry_points
    rows = [
        f"{folder.rpartition('/')[2]}/{name},sha256={_hash(text)},{len(text.encode())}" for name, text in texts.items()
    ]
    texts["RECORD"] = "\n".join([*sorted(rows), f"{folder.rpartition('/')[2]}/RECORD,,", ""])
    entries = [Entry(path=f"{folder}/{name}", kind="file", data=text.encode()) for name, text in texts.items()]
    return (Recipe(key=[folder, texts], made_by="lading: the project itself", entries=lambda: entries),)


def _escaped(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

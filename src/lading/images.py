"""The name of an image, as a person gives it → the image: an archive, a layout, a digest, or a name in an engine."""

from __future__ import annotations

import re
from pathlib import Path

from lading.errors import BadInput
from lading.model import Image
from lading.oci import archive, layout


def find(name: str, *, engine: str, store: Path) -> Image:
    """The image that `name` means. `store` is the cache, whose layout holds what was built here.

    Raises `BadInput` when there is no such image, `Untrusted` when its bytes are not those of its digests.
    """
    path = Path(name)
    if path.is_dir():
        return layout.read(path)
    if path.is_file():
        return archive.read(path, store)
    if re.fullmatch(r"sha256:[0-9a-f]{64}", name) and engine in {"auto", "unshare"}:
        return layout.read(store, name)
    match engine:
        case "docker" | "podman":
            from lading.build import docker

            return docker.save(name, engine=engine, store=store)
        case _:
            pass
    raise BadInput(
        f"there is no image `{name}`",
        hint="give an archive, a layout or a digest that `lading build` printed, or say `--engine docker` for a name",
    )

"""Layers and a configuration → an image, and an image → the two JSON documents that name it by digest.

Source: OCI image specification 1.1, config.md and manifest.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lading.errors import BadInput
from lading.model import Image, Layer
from lading.oci import digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

#: The one time of every image, so that its digest says what is in it and nothing else.
CREATED = "1970-01-01T00:00:00Z"

#: config.md, "config", and Docker's Healthcheck and Shell, which its engine reads from there.
KEYS = frozenset(
    {
        "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "Shell", "StopSignal", "User",
        "Volumes", "WorkingDir",
    }
)  # fmt: skip


#: encoding/json of Go, "HTMLEscape".
_ESCAPES = {ord(one): f"\\u{ord(one):04x}" for one in "&<>\u2028\u2029"}


def make(layers: Sequence[Layer], *, platform: str, config: Mapping[str, Any], history: Sequence[str] = ()) -> Image:
    """The image of `layers`, the lowest first. `history` has a line for each step that made no layer.

    `platform` is `os/architecture`, with `/variant` where there is one. Raises `BadInput` for a key of `config` that
    no engine reads, and for a platform that is none.
    """
    unknown = sorted(config.keys() - KEYS)
    if unknown:
        raise BadInput(f"`{unknown[0]}` is not part of an image's configuration")
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    if not system or not architecture:
        raise BadInput(f"`{platform}` is not a platform", hint="write `linux/amd64` or `linux/arm64`")
    document = {
        "architecture": architecture,
        "config": config,
        "created": CREATED,
        "history": [
            *({"created": CREATED, "created_by": layer.made_by} for layer in layers),
            *({"created": CREATED, "created_by": line, "empty_layer": True} for line in history),
        ],
        "os": system,
        "rootfs": {"diff_ids": [layer.diff_id for layer in layers], "type": "layers"},
        **({"variant": variant} if variant else {}),
    }
    # What is kept is what a reader would get back: sorted keys, and lists, not tuples.
    kept = json.loads(json.dumps(document, sort_keys=True))
    image = Image(digest="", platform=platform, config=kept, layers=tuple(layers))
    return Image(digest=digest.of(manifest(image)), platform=platform, config=image.config, layers=image.layers)


def encode(document: Mapping[str, Any]) -> bytes:
    """JSON without spaces, its keys in their order, escaped as Go does it.

    Engines are written in Go, so what one of them wrote, and was parsed, gets its own bytes and its digest again.
    """
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_ESCAPES).encode()


def config_bytes(image: Image) -> bytes:
    """The configuration as it is stored; its digest is what Docker calls the image's identifier."""
    return encode(image.config)


def manifest(image: Image) -> bytes:
    """The manifest as it is stored; its digest names an image of ours.

    An image that others made gets a manifest of ours here, so its digest may differ from `image.digest`.
    """
    config = config_bytes(image)
    return encode(
        {
            "config": {"digest": digest.of(config), "mediaType": CONFIG, "size": len(config)},
            "layers": [
                {"digest": layer.digest, "mediaType": layer.media_type, "size": layer.size} for layer in image.layers
            ],
            "mediaType": MANIFEST,
            "schemaVersion": 2,
        }
    )


def platform(config: Mapping[str, Any]) -> str:
    """The platform that a configuration names. `arm64/v8` is what plain `arm64` means, so it is left out."""
    variant = config.get("variant")
    name = f"{config.get('os')}/{config.get('architecture')}"
    return name if not variant or (name, variant) == ("linux/arm64", "v8") else f"{name}/{variant}"

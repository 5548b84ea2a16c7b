"""An image → a folder in the OCI image layout, and such a folder → an image whose every digest was checked.

Source: OCI image specification 1.1, image-layout.md and image-index.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lading import cache
from lading.errors import BadInput, Untrusted
from lading.model import Image
from lading.oci import blobs, document, image, layer
from lading.oci import digest as digests

VERSION = b'{"imageLayoutVersion":"1.0.0"}'
NAME = "org.opencontainers.image.ref.name"


def write(made: Image, folder: Path, *, name: str | None = None) -> None:
    """Add `made` to the layout in `folder`, which is made when it is not there; an image of the same name gives way.

    The index is written last, so that it never names what is not there. Raises `BadInput` when `folder` holds
    something else, `Untrusted` when a layer on this machine is no longer what it was.
    """
    others: Sequence[Mapping[str, Any]] = ()
    if (folder / "index.json").exists():
        others = [one for one in _index(folder) if (one.get("annotations") or {}).get(NAME) != name]
    elif folder.exists() and not (folder / "blobs").is_dir() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"`{folder}` is neither empty nor an OCI image layout", hint="name a folder that is not there")
    for one in made.layers:
        if not blobs.path(folder, one.digest).exists():
            blobs.add(folder, blobs.checked(one.blob, one.digest))
    for data in (image.config_bytes(made), image.manifest(made)):
        blobs.add(folder, (data,))
    cache.store(folder / "oci-layout", VERSION)
    cache.store(folder / "index.json", index(made, name=name, others=others))


def index(made: Image, *, name: str | None, others: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """The `index.json` of a layout that holds `made`, after the descriptors `others`."""
    manifest = image.manifest(made)
    system, _, rest = made.platform.partition("/")
    architecture, _, variant = rest.partition("/")
    descriptor = {
        **({"annotations": {NAME: name}} if name else {}),
        "digest": digests.of(manifest),
        "mediaType": image.MANIFEST,
        "platform": {"architecture": architecture, "os": system, **({"variant": variant} if variant else {})},
        "size": len(manifest),
    }
    return image.encode({"manifests": [*others, descriptor], "mediaType": image.INDEX, "schemaVersion": 2})


def read(folder: Path, digest: str | None = None) -> Image:
    """The image in the layout `folder`: the one of `digest`, else the only one. Its blobs stay where they are.

    Raises `BadInput` when `folder` is not a layout or the choice is not clear, `Untrusted` when a blob is missing or
    is not the one of its digest.
    """
    if digest is not None and blobs.path(folder, digest).is_file():
        return load(folder, digest)
    if not (folder / "index.json").is_file():
        raise BadInput(f"`{folder}` is not an OCI image layout", hint="it would hold a file `index.json`")
    return load(folder, choose(_index(folder), lambda one: fetch(folder, one), digest, str(folder)))


def _index(folder: Path) -> Sequence[Mapping[str, Any]]:
    return manifests((folder / "index.json").read_bytes())


def manifests(index: bytes) -> Sequence[Mapping[str, Any]]:
    """The descriptors in an index. Raises `BadInput` when it is none."""
    return document.mappings(document.mapping(document.parse(index, "index"), "index").get("manifests"), "manifests")


def choose(rows: Sequence[Mapping[str, Any]], fetch: Callable[[str], bytes], digest: str | None, where: str) -> str:
    """The digest of the one image that `rows` lead to, through indexes inside indexes, attestations left out.

    Raises `BadInput` when they are none or several.
    """
    found = dict(_images(rows, fetch, depth=0))
    if digest in found:
        return digest
    if digest is not None:
        raise BadInput(f"`{where}` holds no image `{digest}`", hint="it holds " + (", ".join(found) or "none"))
    if len(found) != 1:
        names = ", ".join(f"{one} ({platform})" for one, platform in found.items())
        raise BadInput(f"`{where}` holds {len(found)} images, not one", hint=f"choose one of {names}" if names else "")
    return next(iter(found))


def _images(
    rows: Sequence[Mapping[str, Any]], fetch: Callable[[str], bytes], *, depth: int
) -> Iterator[tuple[str, str]]:
    for one in rows:
        name, platform = str(one.get("digest")), document.mapping(one.get("platform") or {}, "platform")
        if "index" in str(one.get("mediaType")) or "manifest.list" in str(one.get("mediaType")):
            if depth == 4:
                raise BadInput("the image's indexes are nested too deeply")
            yield from _images(manifests(fetch(name)), fetch, depth=depth + 1)
        elif platform.get("os") != "unknown":
            yield name, "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if key in platform)


def fetch(folder: Path, name: str) -> bytes:
    """The document of digest `name` in `folder`. Raises `Untrusted` when it is missing or another one."""
    try:
        with blobs.path(folder, name).open("rb") as file:
            data = file.read(document.LIMIT + 1)
    except FileNotFoundError as error:
        raise blobs.missing(name) from error
    blobs.match(digests.of(data), name)
    return data


def load(folder: Path, name: str) -> Image:
    """The image whose manifest has digest `name`, out of the blobs in `folder`, each one checked."""
    manifest = document.mapping(document.parse(fetch(folder, name), "manifest"), "manifest")
    promised = [str(one.get("digest")) for one in needs(manifest)]
    paths = [blobs.path(folder, digest) for digest in promised[1:]]
    for path, digest in zip(paths, promised[1:], strict=True):
        if not path.is_file():
            raise blobs.missing(digest)
    return assemble(name, fetch(folder, promised[0]), paths, promised[1:])


def needs(manifest: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The descriptors of the configuration and of each layer."""
    config = document.mapping(manifest.get("config"), "configuration's descriptor")
    return [config, *document.mappings(manifest.get("layers"), "layers")]


def assemble(name: str, data: bytes, paths: Sequence[Path], promised: Sequence[str | None]) -> Image:
    """The image of the configuration `data` and the layers in `paths`, each compared with what was promised of it."""
    config = document.mapping(document.parse(data, "configuration"), "configuration")
    wanted = document.mapping(config.get("rootfs"), "list of layers").get("diff_ids")
    if not isinstance(wanted, list) or len(wanted) != len(paths):
        raise Untrusted("the image's configuration does not fit its layers", hint="build or fetch the image again")
    steps = document.mappings(config.get("history") or [], "history")
    lines = [str(step.get("created_by", "")) for step in steps if not step.get("empty_layer")]
    if len(lines) != len(paths):
        lines = [""] * len(paths)
    layers = []
    for path, digest, diff_id, line in zip(paths, promised, wanted, lines, strict=True):
        found = layer.measure(path, made_by=line)
        blobs.match(found.digest, digest or found.digest)
        blobs.match(found.diff_id, str(diff_id))
        layers.append(found)
    return Image(digest=name, platform=image.platform(config), config=config, layers=tuple(layers))

"""An image → one tar file for engines to load, and such a file, theirs too → an image.

Sources: OCI image specification 1.1, image-layout.md; Docker's image specification 1.2, "Combined Image JSON +
Filesystem Changeset Format".
"""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Literal

from lading import cache
from lading.errors import BadInput, Untrusted
from lading.model import Image, Layer
from lading.oci import blobs, digest, document, image, layout, reference, tar

Format = Literal["oci", "docker"]


def write(made: Image, path: Path, *, format: Format, name: str | None) -> None:  # noqa: A002
    """One file that holds `made`: what `docker load` takes, or an OCI layout as a tar, which podman takes too.

    Raises `BadInput` for a name that engines refuse, `Untrusted` when a layer on this machine is no longer what it
    was, `Outside` when the disk is full; then there is no file.
    """
    tagged = reference.parse(name).tagged if name else None
    members = _oci(made, tagged) if format == "oci" else _docker(made, tagged)
    with cache.writing(path) as file:
        for member, content in members.items():
            size = len(content) if isinstance(content, bytes) else content.size
            file.write(tar.header(member, tar.FILE, size=size))
            for chunk in (content,) if isinstance(content, bytes) else blobs.checked(content.blob, content.digest):
                file.write(chunk)
            file.write(tar.padding(size))
        file.write(tar.END)


def _oci(made: Image, name: str | None) -> Mapping[str, bytes | Layer]:
    documents = {digest.of(data): data for data in (image.manifest(made), image.config_bytes(made))}
    content: dict[str, bytes | Layer] = {**documents, **{one.digest: one for one in made.layers}}
    return {
        "oci-layout": layout.VERSION,
        "index.json": layout.index(made, name=name),
        **{f"blobs/sha256/{digest.encoded(key)}": value for key, value in content.items()},
    }


def _docker(made: Image, name: str | None) -> Mapping[str, bytes | Layer]:
    config = image.config_bytes(made)
    config_name = f"{digest.encoded(digest.of(config))}.json"
    names = [f"{digest.encoded(one.digest)}.tar.gz" for one in made.layers]
    row = {"Config": config_name, "Layers": names, "RepoTags": [name] if name else None}
    return {
        "manifest.json": json.dumps([row], separators=(",", ":")).encode(),
        config_name: config,
        **dict(zip(names, made.layers, strict=True)),
    }


def read(path: Path, store: Path) -> Image:
    """The image in the file `path`, of either format, `docker save`'s and `podman save`'s too; its blobs go to `store`.

    An image of Docker's format has the digest of its configuration, which is what Docker calls its identifier.
    Raises `BadInput` when the file is not an image or holds several, `Untrusted` when it ends early or a digest in
    it is wrong.
    """
    try:
        file = tarfile.open(path)  # noqa: SIM115 - closed below; what fails here is another error
    except (tarfile.ReadError, EOFError, zlib.error) as error:
        hint = "give an archive made by `lading build`, `docker save` or `podman save`"
        raise BadInput(f"`{path}` is not an image: it is not a tar file", hint=hint) from error
    except OSError as error:
        raise BadInput(f"`{path}` cannot be read: {error.strerror or error}") from error
    try:
        with file:
            members = {member.name.removeprefix("./"): member for member in file}
            if "index.json" in members:
                return _read_oci(file, members, store, str(path))
            if "manifest.json" in members:
                return _read_docker(file, members, store, str(path))
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Untrusted(f"`{path}` is damaged: {error}", hint="save the image again") from error
    raise BadInput(f"`{path}` is not an image: it holds neither index.json nor manifest.json")


Members = Mapping[str, tarfile.TarInfo]


def _read_oci(file: tarfile.TarFile, members: Members, store: Path, where: str) -> Image:
    def keep(name: str) -> None:
        with _open(file, members, f"blobs/sha256/{digest.encoded(name)}") as data:
            blobs.add(store, blobs.chunks(data), expected=name)

    def fetch(name: str) -> bytes:
        keep(name)
        return layout.fetch(store, name)

    rows = layout.manifests(_read(file, members, "index.json"))
    chosen = layout.choose(rows, fetch, None, where)
    for one in layout.needs(document.mapping(document.parse(fetch(chosen), "manifest"), "manifest")):
        keep(str(one.get("digest")))
    return layout.load(store, chosen)


def _read_docker(file: tarfile.TarFile, members: Members, store: Path, where: str) -> Image:
    rows = document.mappings(document.parse(_read(file, members, "manifest.json"), "manifest.json"), "manifest.json")
    if len(rows) != 1:
        raise BadInput(f"`{where}` holds {len(rows)} images, not one", hint="save one image in one file")
    config, names = rows[0].get("Config"), rows[0].get("Layers") or []
    if not isinstance(config, str) or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput(f"`{where}` is not an image: its manifest.json does not name its files")
    data = _read(file, members, config)
    paths = []
    for name in names:
        with _open(file, members, name) as layer:
            paths.append(blobs.add(store, blobs.chunks(layer)).path)
    return layout.assemble(digest.of(data), data, paths, [None] * len(paths))


def _read(file: tarfile.TarFile, members: Members, name: str) -> bytes:
    with _open(file, members, name) as data:
        return data.read(document.LIMIT + 1)


def _open(file: tarfile.TarFile, members: Members, name: str) -> IO[bytes]:
    """The data of a member, a link to another member followed. Raises `Untrusted` when it is missing."""
    try:
        found = file.extractfile(members[name])
    except KeyError:
        found = None
    if found is None:
        raise Untrusted(f"the archive lacks `{name}`", hint="it is incomplete: save the image again")
    return found

"""Images as values, and the folders and archives that they travel in, ours, Docker's and broken ones."""

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lading.errors import BadInput, Error, Untrusted
from lading.model import Image
from lading.oci import archive, digest, image, layer, layout, reference
from lading.oci.layer import Entry
from lading.oci.reference import Reference

pytestmark = pytest.mark.slow

CONFIG: dict[str, Any] = {
    "User": "1000:1000",
    "Env": ("PATH=/opt/venv/bin:/usr/bin", "GREETING=<&>"),
    "Entrypoint": ["/opt/venv/bin/python", "/opt/lading/launch.py"],
    "Cmd": ["serve"],
    "WorkingDir": "/app",
    "Volumes": {"/data": {}},
    "ExposedPorts": {"8000/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30_000_000_000},
    "StopSignal": "SIGTERM",
    "Labels": {"b": "2", "a": "1"},
}


def made(store: Path, *, text: bytes = b"print(1)\n", **changes: Any) -> Image:
    base = layer.write([Entry(path="usr", kind="directory", mode=0o755)], store, made_by="base: Debian trixie")
    app = layer.write([Entry(path="app/main.py", kind="file", data=text)], store, made_by="the project's own code")
    return image.make(
        (base, app), **{"platform": "linux/amd64", "config": CONFIG, "history": ("ENTRYPOINT",), **changes}
    )


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as file:
        found = {member.name: file.extractfile(member) for member in file}
        return {name: data.read() for name, data in found.items() if data}


def rewritten(path: Path, contents: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    """A tar of `contents`, as another tool might have written it: a folder first, names with `./`."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as file:
        for name, data in contents.items():
            info = tarfile.TarInfo("./" + name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            file.addfile(info)
    return path


def test_the_configuration_is_these_bytes(tmp_path: Path) -> None:
    one = made(tmp_path)
    assert image.config_bytes(one).decode() == (
        '{"architecture":"amd64","config":{"Cmd":["serve"],"Entrypoint":["/opt/venv/bin/python",'
        '"/opt/lading/launch.py"],"Env":["PATH=/opt/venv/bin:/usr/bin","GREETING=\\u003c\\u0026\\u003e"],'
        '"ExposedPorts":{"8000/tcp":{}},"Healthcheck":{"Interval":30000000000,"Test":["CMD","true"]},'
        '"Labels":{"a":"1","b":"2"},"StopSignal":"SIGTERM","User":"1000:1000","Volumes":{"/data":{}},'
        '"WorkingDir":"/app"},"created":"1970-01-01T00:00:00Z","history":['
        '{"created":"1970-01-01T00:00:00Z","created_by":"base: Debian trixie"},'
        '{"created":"1970-01-01T00:00:00Z","created_by":"the project\'s own code"},'
        '{"created":"1970-01-01T00:00:00Z","created_by":"ENTRYPOINT","empty_layer":true}],"os":"linux",'
        f'"rootfs":{{"diff_ids":["{one.layers[0].diff_id}","{one.layers[1].diff_id}"],"type":"layers"}}}}'
    )


def test_the_manifest_names_every_blob_and_the_digest_names_the_manifest(tmp_path: Path) -> None:
    one = made(tmp_path)
    config = image.config_bytes(one)
    media = "application/vnd.oci.image"
    assert json.loads(image.manifest(one)) == {
        "schemaVersion": 2,
        "mediaType": f"{media}.manifest.v1+json",
        "config": {"mediaType": f"{media}.config.v1+json", "digest": digest.of(config), "size": len(config)},
        "layers": [
            {"mediaType": f"{media}.layer.v1.tar+gzip", "digest": each.digest, "size": each.blob.stat().st_size}
            for each in one.layers
        ],
    }
    assert one.digest == digest.of(image.manifest(one))
    assert one.size == sum(len(gzip.decompress(each.blob.read_bytes())) for each in one.layers)


def test_the_order_in_which_a_configuration_was_written_does_not_count(tmp_path: Path) -> None:
    assert made(tmp_path) == made(tmp_path, config=dict(reversed(CONFIG.items())))
    assert made(tmp_path).digest != made(tmp_path, config={**CONFIG, "Cmd": ["migrate"]}).digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"Entrypont": []}}, "`Entrypont` is not part of an image's configuration"),
        ({"platform": "linux"}, "`linux` is not a platform"),
    ],
)
def test_what_no_engine_reads_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        made(tmp_path, **changes)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("given", "read"),
    [("linux/amd64", "linux/amd64"), ("linux/arm64/v8", "linux/arm64"), ("linux/arm/v7", "linux/arm/v7")],
)
def test_the_platform_is_in_the_configuration(given: str, read: str, tmp_path: Path) -> None:
    assert image.platform(made(tmp_path, platform=given).config) == read


def test_a_layout_gives_the_image_back(tmp_path: Path) -> None:
    one, folder = made(tmp_path / "store"), tmp_path / "out"
    layout.write(one, folder, name="api:1")
    back = layout.read(folder)
    assert (back.digest, back.platform, back.config) == (one.digest, one.platform, one.config)
    assert [each.made_by for each in back.layers] == ["base: Debian trixie", "the project's own code"]
    assert [each.blob.parent.parent.parent for each in back.layers] == [folder, folder]
    index = json.loads((folder / "index.json").read_bytes())
    assert index["manifests"][0]["annotations"] == {"org.opencontainers.image.ref.name": "api:1"}
    assert (folder / "oci-layout").read_text() == '{"imageLayoutVersion":"1.0.0"}'


def test_a_layout_keeps_images_of_other_names(tmp_path: Path) -> None:
    one, two, three = (made(tmp_path / "store", text=text) for text in (b"1", b"2", b"3"))
    for each, name in ((one, "a"), (two, "b"), (three, "a")):
        layout.write(each, tmp_path / "out", name=name)
    assert layout.read(tmp_path / "out", two.digest).digest == two.digest
    assert layout.read(tmp_path / "out", three.digest).digest == three.digest
    with pytest.raises(BadInput) as error:
        layout.read(tmp_path / "out")
    assert error.value.message == f"`{tmp_path / 'out'}` holds 2 images, not one"
    assert error.value.hint == f"choose one of {two.digest} (linux/amd64), {three.digest} (linux/amd64)"


def test_an_index_in_an_index_is_followed_and_attestations_are_left_out(tmp_path: Path) -> None:
    one, folder = made(tmp_path / "store"), tmp_path / "out"
    layout.write(one, folder)
    index = json.loads((folder / "index.json").read_bytes())
    attestation = {**index["manifests"][0], "digest": digest.of(b""), "platform": {"os": "unknown"}}
    inner = json.dumps({**index, "manifests": [*index["manifests"], attestation]}).encode()
    (folder / "blobs" / "sha256" / digest.encoded(digest.of(inner))).write_bytes(inner)
    row = {"mediaType": image.INDEX, "digest": digest.of(inner), "size": len(inner)}
    (folder / "index.json").write_text(json.dumps({"manifests": [row]}))
    assert layout.read(folder).digest == one.digest


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="is neither empty nor an OCI image layout"):
        layout.write(made(tmp_path / "store"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    with pytest.raises(BadInput, match="is not an OCI image layout"):
        layout.read(tmp_path / "out")


def _remove(path: Path) -> None:
    path.unlink()


def _change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("spoil", [_remove, _change], ids=["missing", "changed"])
@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
def test_a_spoiled_blob_is_never_taken(spoil: Callable[[Path], None], which: str, tmp_path: Path) -> None:
    one = made(tmp_path / "store")
    layout.write(one, tmp_path / "out")
    names = {
        "manifest": one.digest,
        "config": digest.of(image.config_bytes(one)),
        "layer": one.layers[1].digest,
    }
    spoil(tmp_path / "out" / "blobs" / "sha256" / digest.encoded(names[which]))
    with pytest.raises(Untrusted):
        layout.read(tmp_path / "out")


@pytest.mark.parametrize("format_", ["oci", "docker"])
@pytest.mark.parametrize("spoil", [_remove, _change], ids=["missing", "changed"])
def test_an_archive_of_a_spoiled_image_is_not_written(
    spoil: Callable[[Path], None], format_: archive.Format, tmp_path: Path
) -> None:
    one = made(tmp_path / "store")
    spoil(one.layers[1].blob)
    with pytest.raises(Untrusted):
        archive.write(one, tmp_path / "out" / "image.tar", format=format_, name=None)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("format_", ["oci", "docker"])
def test_an_archive_gives_the_image_back_and_is_the_same_bytes_each_time(
    format_: archive.Format, tmp_path: Path
) -> None:
    one = made(tmp_path / "store")
    for name in ("a.tar", "b.tar"):
        archive.write(one, tmp_path / name, format=format_, name="acme/api")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    back = archive.read(tmp_path / "a.tar", tmp_path / "other")
    assert back.digest == (one.digest if format_ == "oci" else digest.of(image.config_bytes(one)))
    assert image.manifest(back) == image.manifest(one)
    assert all(each.blob.is_relative_to(tmp_path / "other") for each in back.layers)


def test_an_archive_for_docker_names_what_docker_reads(tmp_path: Path) -> None:
    one = made(tmp_path / "store")
    archive.write(one, tmp_path / "image.tar", format="docker", name="acme/api")
    found = members(tmp_path / "image.tar")
    config = digest.encoded(digest.of(image.config_bytes(one))) + ".json"
    layers = [digest.encoded(each.digest) + ".tar.gz" for each in one.layers]
    assert json.loads(found["manifest.json"]) == [{"Config": config, "Layers": layers, "RepoTags": ["acme/api:latest"]}]
    assert list(found) == ["manifest.json", config, *layers]


def test_what_docker_saves_is_read_plain_layers_links_and_all(tmp_path: Path) -> None:
    one = made(tmp_path / "store")
    plain = [gzip.decompress(each.blob.read_bytes()) for each in one.layers]
    config = json.loads(image.config_bytes(one))
    config["rootfs"]["diff_ids"].append(one.layers[1].diff_id)
    config["history"].append({"created_by": "again"})
    data = json.dumps(config).encode()
    row = {"Config": "c.json", "RepoTags": None, "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar"]}
    path = rewritten(
        tmp_path / "saved.tar",
        {"1/layer.tar": plain[0], "2/layer.tar": plain[1], "c.json": data, "manifest.json": json.dumps([row]).encode()},
        links={"3/layer.tar": "../2/layer.tar"},
    )
    back = archive.read(path, tmp_path / "other")
    assert back.digest == digest.of(data)
    assert [(each.digest, each.media_type, each.size, each.made_by) for each in back.layers] == [
        (digest.of(plain[0]), layer.PLAIN, len(plain[0]), "base: Debian trixie"),
        (digest.of(plain[1]), layer.PLAIN, len(plain[1]), "the project's own code"),
        (digest.of(plain[1]), layer.PLAIN, len(plain[1]), "again"),
    ]


def test_an_archive_may_be_compressed_as_a_whole(tmp_path: Path) -> None:
    one = made(tmp_path / "store")
    archive.write(one, tmp_path / "image.tar", format="docker", name=None)
    (tmp_path / "image.tar.gz").write_bytes(gzip.compress((tmp_path / "image.tar").read_bytes()))
    assert image.manifest(archive.read(tmp_path / "image.tar.gz", tmp_path / "other")) == image.manifest(one)


@pytest.mark.parametrize(
    ("contents", "kind", "message"),
    [
        ({"readme": b"hello"}, BadInput, "it holds neither index.json nor manifest.json"),
        ({"manifest.json": b"{"}, BadInput, "its manifest.json is not JSON"),
        ({"manifest.json": b"{}"}, BadInput, "its manifest.json is not a list"),
        ({"manifest.json": b"[{}, {}]"}, BadInput, "holds 2 images, not one"),
        ({"manifest.json": b"[{}]"}, BadInput, "its manifest.json does not name its files"),
        ({"manifest.json": b'[{"Config": "c", "Layers": []}]'}, Untrusted, "the archive lacks `c`"),
        ({"manifest.json": b'[{"Config": "c"}]', "c": b"[]"}, BadInput, "its configuration is not an object"),
        ({"manifest.json": b'[{"Config": "c", "Layers": ["l"]}]', "c": b'{"rootfs": {"diff_ids": ["x"]}}', "l": b"x"},
         Untrusted, "a blob is not the one that was promised"),
        ({"manifest.json": b'[{"Config": "c", "Layers": ["l"]}]', "c": b'{"rootfs": {"diff_ids": []}}', "l": b"x"},
         Untrusted, "the image's configuration does not fit its layers"),
        ({"index.json": b"[" * 100_000}, BadInput, "its index is not JSON"),
        ({"index.json": b'{"manifests": []}'}, BadInput, "holds 0 images, not one"),
        ({"index.json": b'{"manifests": [{"digest": "sha256:../../x"}]}'}, Untrusted, "is not a SHA-256 digest"),
    ],
)  # fmt: skip
def test_what_is_no_image_is_told(contents: dict[str, bytes], kind: type[Error], message: str, tmp_path: Path) -> None:
    with pytest.raises(kind) as error:
        archive.read(rewritten(tmp_path / "image.tar", contents), tmp_path / "store")
    assert message in str(error.value)


@pytest.mark.parametrize("data", [b"", b"not a tar", b"\x1f\x8b\x08" + bytes(20), bytes(5000)])
def test_what_is_no_tar_is_told(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(data)
    with pytest.raises(BadInput, match="is not an image"):
        archive.read(tmp_path / "image.tar", tmp_path / "store")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file or directory"):
        archive.read(tmp_path / "image.tar", tmp_path / "store")


@pytest.mark.parametrize("format_", ["oci", "docker"])
def test_an_archive_cut_or_changed_anywhere_is_refused_or_the_same(format_: archive.Format, tmp_path: Path) -> None:
    one = made(tmp_path / "store")
    archive.write(one, tmp_path / "image.tar", format=format_, name=None)
    data = (tmp_path / "image.tar").read_bytes()
    chance = random.Random(2)
    spoiled = [data[: len(data) * part // 40] for part in range(38)]
    for _ in range(60):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        spoiled.append(bytes(changed))
    outcomes = set()
    for each in spoiled:
        (tmp_path / "spoiled.tar").write_bytes(each)
        try:
            back = archive.read(tmp_path / "spoiled.tar", tmp_path / "other")
        except (BadInput, Untrusted):
            outcomes.add("refused")
        else:
            # Headers hold times and owners that decide nothing, and Docker's archives have no digest of theirs.
            assert [layer.diff_id for layer in back.layers] == [layer.diff_id for layer in one.layers]
            outcomes.add("the same")
    assert outcomes == {"refused", "the same"}


@pytest.mark.parametrize(
    ("text", "parts", "tagged"),
    [
        ("api", Reference(name="api"), "api:latest"),
        ("api:1.2", Reference(name="api", tag="1.2"), "api:1.2"),
        ("ghcr.io/acme/api_v2:x", Reference(name="ghcr.io/acme/api_v2", tag="x"), "ghcr.io/acme/api_v2:x"),
        ("localhost:5000/api", Reference(name="localhost:5000/api"), "localhost:5000/api:latest"),
        ("api@sha256:" + "0" * 64, Reference(name="api", digest="sha256:" + "0" * 64), "api:latest"),
        ("a/b:t@sha256:" + "0" * 64, Reference(name="a/b", tag="t", digest="sha256:" + "0" * 64), "a/b:t"),
    ],
)
def test_a_name_has_these_parts(text: str, parts: Reference, tagged: str) -> None:
    assert reference.parse(text) == parts
    assert (str(parts), parts.tagged) == (text, tagged)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Acme/API", "names are lower-case: `acme/api`"),
        ("", "write `name:tag`"),
        ("-it", "write `name:tag`"),
        ("api:", "write `name:tag`"),
        ("api\n", "write `name:tag`"),
        ("a//b", "write `name:tag`"),
        ("api@sha256:12", "write `name:tag`"),
        ("a" * 256, "write `name:tag`"),
    ],
)
def test_a_name_that_engines_refuse_is_refused(text: str, hint: str) -> None:
    with pytest.raises(BadInput) as error:
        reference.parse(text)
    assert (error.value.message, error.value.hint) == (f"`{text}` is not the name of an image", hint)

"""A Debian mirror on loopback: packages, indexes and releases made here, signed by keys made here."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pysequoia

#: What the tests take for the present: the archive was made the day before.
NOW = datetime(2030, 1, 2, 12, 0, tzinfo=UTC)
DATE = "Tue, 01 Jan 2030 12:00:00 UTC"


@cache
def key(name: str) -> pysequoia.Tsk:
    """A signing key, one for each name. It is older than the archive: a signature is never older than its key."""
    return pysequoia.Tsk.generate(f"{name} <{name}@example.org>")


def keys(folder: Path) -> Path:
    """A folder with the certificates of `archive` and `security`, named as lading's own are."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, name in (("automatic", "archive"), ("stable", "stable"), ("security-automatic", "security")):
        (folder / f"trixie-{file}.pgp").write_bytes(bytes(key(name).extract_certificate()))
    return folder


@dataclass(frozen=True, kw_only=True)
class File:
    """A member of a package's data.tar."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    link: str = ""


def directory(name: str, mode: int = 0o755) -> File:
    return File(name=name, kind=tarfile.DIRTYPE, mode=mode)


def symlink(name: str, link: str) -> File:
    return File(name=name, kind=tarfile.SYMTYPE, mode=0o777, link=link)


def hardlink(name: str, link: str) -> File:
    return File(name=name, kind=tarfile.LNKTYPE, link=link)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A package: the fields of its control file and what is in it."""

    name: str
    version: str = "1.0"
    architecture: str = "amd64"
    fields: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[File] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    compression: str = "xz"

    @property
    def control(self) -> str:
        head = {"Package": self.name, "Version": self.version, "Architecture": self.architecture}
        return "".join(f"{name}: {value}\n" for name, value in {**head, **self.fields}.items())

    @property
    def filename(self) -> str:
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{self.version}_{self.architecture}.deb"

    @cached_property
    def deb(self) -> bytes:
        sums = "".join(
            f"{hashlib.md5(file.data).hexdigest()}  {file.name.removeprefix('./')}\n"
            for file in self.files
            if file.kind == tarfile.REGTYPE
        )
        control = {"control": self.control, "md5sums": sums, **self.scripts}
        members = {
            "debian-binary": b"2.0\n",
            f"control.tar.{self.compression}": self._packed(
                [File(name=f"./{name}", data=text.encode()) for name, text in control.items()]
            ),
            f"data.tar.{self.compression}": self._packed([directory("./"), *self.files]),
        }
        return b"!<arch>\n" + b"".join(_ar(name, data) for name, data in members.items())

    @property
    def paragraph(self) -> str:
        deb = self.deb
        return (
            self.control
            + f"Filename: {self.filename}\nSize: {len(deb)}\nSHA256: {hashlib.sha256(deb).hexdigest()}\n"
            + "Description: made for a test\n with a line that goes on: and a colon\n"
        )

    def _packed(self, files: Sequence[File]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for file in files:
                info = tarfile.TarInfo(file.name)
                info.type, info.mode, info.linkname = file.kind, file.mode, file.link
                info.size = len(file.data)
                tar.addfile(info, io.BytesIO(file.data))
        if self.compression == "xz":
            return lzma.compress(buffer.getvalue(), preset=0)
        if self.compression == "gz":
            import gzip

            return gzip.compress(buffer.getvalue())
        return b"(\xb5/\xfd" + buffer.getvalue()  # not really zstd: it must not be looked at


def _ar(name: str, data: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def python(version: str = "3.13") -> tuple[Made, ...]:
    """The packages that every base has, as small as can be."""
    needs = {"Depends": "libc6 (>= 2.38)"}
    return (
        Made(name="base-files", files=[directory("./usr"), File(name="./usr/lib/os-release", data=b"ID=debian\n")]),
        Made(name="libc-bin", version="2.41-12"),
        Made(name="libc6", version="2.41-12", files=[File(name="./lib/x86_64-linux-gnu/libc.so.6", data=b"libc")]),
        Made(name="libstdc++6", version="14.2.0-19", fields=needs),
        Made(
            name=f"python{version}-minimal",
            version=f"{version}.5-2",
            fields={"Pre-Depends": "libc6 (>= 2.38)"},
            files=[File(name=f"./usr/bin/python{version}", data=b"python", mode=0o755)],
        ),
        Made(name=f"libpython{version}-stdlib", version=f"{version}.5-2", fields=needs),
    )


@dataclass(kw_only=True)
class Mirror:
    """Files by their path under the address, and how the server behaves; a test changes both."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)  # paths of which only the first half is sent
    asked: list[str] = field(default_factory=list)  # "200 /debian/dists/trixie/InRelease"
    conditional: bool = True  # whether it answers 304

    @property
    def debian(self) -> str:
        return f"{self.address}/debian"

    @property
    def security(self) -> str:
        return f"{self.address}/debian-security"

    def publish(
        self,
        packages: Sequence[Made],
        *,
        suite: str = "trixie",
        archive: str = "debian",
        signer: str = "archive",
        codename: str = "",
        date: str = DATE,
        until: str = "",
        by_hash: bool = True,
    ) -> None:
        """Put a suite there: its packages, its index and its release."""
        dists = f"/{archive}/dists/{suite}"
        lines = []
        for architecture in ("amd64", "arm64"):
            mine = [one for one in packages if one.architecture in {architecture, "all"}]
            index = lzma.compress("\n".join(one.paragraph for one in mine).encode(), preset=0)
            digest = hashlib.sha256(index).hexdigest()
            name = f"main/binary-{architecture}/Packages.xz"
            lines.append(f" {digest} {len(index)} {name}")
            self.files[
                f"{dists}/main/binary-{architecture}/by-hash/SHA256/{digest}" if by_hash else f"{dists}/{name}"
            ] = index
        for one in packages:
            self.files[f"/{archive}/{one.filename}"] = one.deb
        head = [f"Suite: stable\nCodename: {codename or suite}\nDate: {date}"]
        head += [f"Valid-Until: {until}"] if until else []
        head += ["Acquire-By-Hash: yes"] if by_hash else []
        text = "\n".join([*head, "SHA256:", *lines]) + "\n"
        self.files[f"{dists}/InRelease"] = sign(text, signer)


def sign(text: str, signer: str) -> bytes:
    return pysequoia.sign(key(signer).signer(), text.encode(), mode=pysequoia.SignatureMode.CLEAR)


@contextmanager
def serving() -> Iterator[Mirror]:
    """A mirror that answers on loopback while the block runs."""
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            from urllib.parse import unquote

            path = unquote(self.path)
            data = mirror.files.get(path)
            tag = f'"{hashlib.sha256(data or b"").hexdigest()}"'
            status = 404 if data is None else 200
            if mirror.conditional and data is not None and self.headers.get("If-None-Match") == tag:
                status = 304
            mirror.asked.append(f"{status} {path}")
            self.send_response(status)
            body = data if status == 200 and data is not None else b""
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", tag)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if path in mirror.cut else body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    mirror.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

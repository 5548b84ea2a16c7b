"""What tests of the builder share: small wheels, an index on the loopback that has them, a plan that installs them."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from lading.model import App, Base, Binding, Dependencies, Healthcheck, Plan


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record(files: Mapping[str, bytes], own: str) -> bytes:
    """The RECORD of a wheel that holds `files`."""
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for path, data in files.items()
    ]
    return "\n".join([*rows, f"{own},,", ""]).encode()


def archive(files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """A zip of `files`, as Unix writes them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for path, data in files.items():
            info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            info.create_system, info.compress_type = 3, zipfile.ZIP_DEFLATED
            info.external_attr = (modes or {}).get(path, 0o100644) << 16
            file.writestr(info, data)
    return out.getvalue()


def wheel(
    name: str,
    version: str = "1.0",
    files: Mapping[str, bytes] | None = None,
    *,
    requires: Sequence[str] = (),
    entry_points: str = "",
    modes: Mapping[str, int] | None = None,
) -> bytes:
    """A wheel that is in order: its own files, its metadata and its RECORD."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = "".join(
        [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", *(f"Requires-Dist: {one}\n" for one in requires)]
    )
    held = {
        **(files or {f"{name.replace('-', '_')}/__init__.py": b"value = 1\n"}),
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **({f"{info}/entry_points.txt": entry_points.encode()} if entry_points else {}),
    }
    return archive({**held, f"{info}/RECORD": record(held, f"{info}/RECORD")}, modes)


def filename(name: str, version: str = "1.0", tag: str = "py3-none-any") -> str:
    return f"{name.replace('-', '_')}-{version}-{tag}.whl"


@dataclass(slots=True)
class Index:
    """A package index (PEP 691): the files that it has, when each was uploaded, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    uploaded: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, name: str, version: str = "1.0", *, tag: str = "py3-none-any", requires: Sequence[str] = ()) -> str:
        """Publish a wheel, and return its SHA-256."""
        data = wheel(name, version, requires=requires)
        self.files[filename(name, version, tag)] = data
        return digest(data)

    def answer(self, path: str) -> tuple[str, bytes] | None:
        if path.startswith("/files/"):
            data = self.files.get(path.removeprefix("/files/"))
            return ("application/octet-stream", data) if data is not None else None
        project = path.removeprefix("/simple/").strip("/")
        held = {one: data for one, data in self.files.items() if one.partition("-")[0].replace("_", "-") == project}
        rows = [
            {
                "filename": one, "url": f"{self.url}/files/{one}",
                "hashes": {"sha256": digest(data)},
                "upload-time": self.uploaded.get(one, "2020-01-01T00:00:00Z"),
            }
            for one, data in held.items()
        ]  # fmt: skip
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": rows}
        return ("application/vnd.pypi.simple.v1+json", json.dumps(page).encode()) if rows else None


@contextmanager
def serving() -> Iterator[Index]:
    """An empty index on the loopback, while the block runs."""
    index = Index()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            kind, data = index.answer(self.path) or ("", b"")
            self.send_response(200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815 - the standard library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        index.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()


def plan(
    *requirements: str, locked: bool = False, as_of: str | None = None, python: str = "3.13", **app: object
) -> Plan:
    """A plan for a project with `requirements` in its requirements.txt."""
    return Plan(
        name="example",
        base=Base(image="python:3.13-slim", suite="trixie", python=python, packages=()),
        dependencies=Dependencies(
            manager="requirements", files=("requirements.txt",), requirements=requirements, locked=locked
        ),
        as_of=as_of,
        app=App(target="main:app", factory=False, folder=".", exclude=("**/*.md", "secret")),
        env={"PYTHONPATH": "/app", "PYTHONPYCACHEPREFIX": "/opt/pycache"},
        host=Binding(variable="HOST", default="0.0.0.0"),
        port=Binding(variable="PORT", default="8000"),
        log_level=Binding(variable="LOG_LEVEL", default="info"),
        health=Healthcheck(path="/health"),
    )

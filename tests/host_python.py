"""This machine's Python, with just the modules that the programs below import, as an image that any engine can run."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lading.command import Command, output
from lading.model import App, Base, Binding, Database, Dependencies, Healthcheck, Image, Plan
from lading.oci import image, layer
from lading.oci.layer import Entry
from lading.stages import here

#: A backend as small as can be: it answers, keeps a database on its volume, follows its variables and ends when told.
SERVER = """
import os, signal, socket, sqlite3, sys, time
print("begins", flush=True)
how = os.environ.get("HOW", "")
if how == "exits":
    sys.exit(7)
if how == "signals":
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1)
    sys.exit(8)
with sqlite3.connect(os.environ.get("DATABASE_URL", "sqlite:////data/rows.db").partition(":///")[2]) as database:
    database.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
    database.execute("CREATE TABLE IF NOT EXISTS starts (host TEXT)")
    if not database.execute("SELECT * FROM alembic_version").fetchall():
        database.execute("INSERT INTO alembic_version VALUES ('0002')")
    database.execute("INSERT INTO starts VALUES ('one')")
    starts = len(database.execute("SELECT * FROM starts").fetchall())
    database.commit()
if how == "silent":
    time.sleep(600)
if how == "writes":
    open("/app/cache.txt", "w").close()
if how == "forks":  # it returns when the other program is there
    os.posix_spawn(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], os.environ, setsid=True)
ending = []
signal.signal(signal.SIGTERM, signal.SIG_IGN if how == "stubborn" else lambda *_: ending.append(True))
server = socket.create_server((os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8000"))))
server.settimeout(0.05)
while not ending:
    try:
        connection, _ = server.accept()
    except TimeoutError:
        continue
    with connection:
        path = connection.recv(4096).split()[1].decode()
        body = '{"status": "healthy", "starts": %d}' % starts if path == "/health" else "nothing here"
        status = "200 OK" if path == "/health" else "404 Not Found"
        connection.sendall(f"HTTP/1.1 {status}\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
print("ends", flush=True)
"""

HEALTH = """
import os, socket, sys
host = {"0.0.0.0": "localhost"}.get(os.environ.get("HOST", "0.0.0.0"), os.environ.get("HOST"))
address = host, int(os.environ.get("PORT", "8000"))
try:
    with socket.create_connection(address, timeout=float(os.environ.get("LADING_HEALTH_TIMEOUT", "10"))) as connection:
        connection.sendall(b"GET /health HTTP/1.1\\r\\n\\r\\n")
        sys.exit(0 if b" 200 " in connection.recv(100) else 1)
except OSError as error:
    sys.exit(f"{type(error).__name__}")
"""

_IMPORTS = "os, re, signal, socket, sqlite3, stat, sys, time, json, select, tarfile, encodings.idna, encodings.ascii"

PLAN = Plan(
    name="rows",
    base=Base(image="python:3.12-slim", suite="trixie", python="3.13", packages=()),
    dependencies=Dependencies(manager="requirements", files=(), requirements=(), locked=False),
    app=App(target="main:app", factory=False, folder=".", exclude=()),
    host=Binding(variable="HOST", default="0.0.0.0"),
    port=Binding(variable="PORT", default="8000"),
    log_level=Binding(variable="LOG_LEVEL", default="info"),
    database=Database(dialect="sqlite", variable="DATABASE_URL", url="sqlite:////data/rows.db"),
    health=Healthcheck(path="/health"),
    stop_seconds=3,
)


def make(
    store: Path, *, environment: Mapping[str, str] | None = None, volume: tuple[int, int] = (1000, 0o777)
) -> Image:
    """The image, its blobs in `store`; `volume` is the owner and the mode of `/data`."""
    files = {_place(file): file for path in _needed() for file in (os.path.realpath(path), path)}
    merged = [Entry(path=name, kind="symlink", link=f"usr/{name}") for name in sorted(layer.LINKS)]
    python = [*merged, *(_entry(path, file) for path, file in files.items() if path != "usr/bin/python3")]
    owner, mode = volume
    app = [
        Entry(path="app", kind="directory", mode=0o755, uid=1000, gid=1000),
        Entry(path="app/main.py", kind="file", data=SERVER.encode(), uid=1000, gid=1000),
        Entry(path="app/health.py", kind="file", data=HEALTH.encode(), uid=1000, gid=1000),
        Entry(path="data", kind="directory", mode=mode, uid=owner, gid=owner),
        Entry(path="usr/bin/python3", kind="symlink", link=os.path.realpath(sys.executable)),
    ]
    config: dict[str, Any] = {
        "User": "1000:1000",
        "WorkingDir": "/app",
        "Env": [f"{name}={value}" for name, value in {"PATH": "/usr/bin:/bin", **(environment or {})}.items()],
        "Entrypoint": ["python3", "-S", "/app/main.py"],
        "Healthcheck": {"Test": ["CMD", "python3", "-S", "/app/health.py"], "Timeout": 10_000_000_000},
    }
    layers = (
        layer.write(python, store, made_by="python", level=1),
        layer.write(app, store, made_by="app", level=1),
    )
    return image.make(layers, platform=here(), config=config)


def _place(path: str) -> str:
    """Where a file of this machine is in the image, whose /usr is merged."""
    name = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)).lstrip("/")
    return f"usr/{name}" if name.partition("/")[0] in layer.LINKS else name


def _entry(path: str, file: str) -> Entry:
    if os.path.islink(file):
        return Entry(path=path, kind="symlink", link="/" + _place(os.path.realpath(file)))
    return Entry(path=path, kind="file", mode=0o755, data=Path(file).read_bytes())


def _needed() -> Iterator[str]:
    """The interpreter, the files of the modules and every shared object that either needs."""
    python = os.path.realpath(sys.executable)
    show = "print(*(getattr(one, '__file__', '') for one in list(sys.modules.values())), sep='\\n')"
    modules = output(Command(argv=(python, "-I", "-S", "-c", f"import {_IMPORTS}; {show}"))).split()
    yield python
    yield from (path for path in modules if os.path.isabs(path))
    for path in (python, *(module for module in modules if ".so" in module)):
        yield from re.findall(r"(/\S+) \(0x", output(Command(argv=("ldd", path))))

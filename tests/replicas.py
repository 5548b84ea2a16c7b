"""The launcher in a container's place: an environment with real servers and drivers, an application, real databases."""

import collections
import contextlib
import fcntl
import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from uv import find_uv_bin
from values import PLAN

from lading import launch
from lading.model import App, Backing, Binding, Database, Healthcheck, Migrations, Plan

#: What an ordinary user needs to make a namespace, and to enter it.
MAPPED = () if os.geteuid() == 0 else ("--user", "--map-root-user")
ENTERED = () if os.geteuid() == 0 else ("--user", "--preserve-credentials")

APP = Path(__file__).parent / "replica"

#: What is installed in the environment, as the lock of the engine tests has it.
PACKAGES = (
    "alembic",
    "uvicorn",
    "sqlalchemy[asyncio]",
    "psycopg[binary]",
    "psycopg2-binary",
    "asyncpg",
    "pymysql",
    "cryptography",
    "aiosqlite",
)


def plan(dialect: str, driver: str | None = None, **changes: Any) -> Plan:
    """A plan of the application in `replica/` on a database."""
    backing: tuple[Backing, ...] = ()
    if dialect != "sqlite":
        backing = (Backing(kind=dialect, role="database", variable="DATABASE_URL", driver=driver),)
    return replace(
        PLAN,
        app=App(target="main:app", factory=False, folder=".", exclude=()),
        variables=(),
        host=Binding(variable="HOST", default="127.0.0.1"),
        port=Binding(variable="PORT", default="8000"),
        database=Database(dialect=dialect, variable="DATABASE_URL", driver=driver),
        migrations=Migrations(tool="alembic", config="alembic.ini", folder="migrations", heads=("0002",)),
        backing=backing,
        health=Healthcheck(path="/health"),
        **changes,
    )


#: Ports that were given out lately, and may not be bound yet.
_given: collections.deque[int] = collections.deque(maxlen=2000)


def port() -> int:
    """A port that nobody holds or was just given, below those that the kernel gives to connections that go out."""
    while True:
        number = random.randint(10000, 19999)
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", number))
            if number not in _given:
                _given.append(number)
                return number


def environment(folder: Path, *packages: str) -> Path:
    """A virtual environment with `packages`, made once for all processes of the test run; its interpreter."""
    python, uv = folder / "bin" / "python", find_uv_bin()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
            subprocess.run(
                [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python, *packages], check=True
            )
            (folder / "made").touch()
    return python


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder laid out as the image is."""

    root: Path
    python: Path
    app: Path = APP
    env: Mapping[str, str] = field(default_factory=dict)

    def install(self, plan: Plan) -> "Place":
        """Put the launcher of `plan` where the image has it, with the paths of this folder."""
        folder = self.root / "lading"
        folder.mkdir(parents=True, exist_ok=True)
        (self.root / "data").mkdir(exist_ok=True)
        for name, data in launch.files(plan).items():
            text = data.decode().replace('"/app', f'"{self.app}').replace('"/data', f'"{self.root}/data')
            (folder / name).write_text(text)
        return self

    def start(self, *arguments: str, first: bool = False, **env: str) -> subprocess.Popen[str]:
        """Start a role; as process 1 of a process namespace of its own when it is to be `first`."""
        apart = ("unshare", *MAPPED, "--pid", "--fork", "--mount-proc", "--kill-child") if first else ()
        return subprocess.Popen(
            [*apart, self.python, "-S", self.root / "lading", *arguments],
            env={"PATH": os.defpath, "PYTHONPATH": str(self.app), "PYTHONDONTWRITEBYTECODE": "1", **self.env, **env},
            cwd=self.app,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that all of it can be killed at once, as a container is
        )

    def run(self, *arguments: str, timeout: float = 60, **env: str) -> tuple[int, str]:
        with self.start(*arguments, first=False, **env) as process:
            said, _ = process.communicate(timeout=timeout)
        return process.returncode, said


def inner(process: "subprocess.Popen[str]") -> int:
    """The process number, out here, of what a namespace's process 1 is."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.01)
    raise TimeoutError(process.args)


def answers(
    number: int,
    path: str = "/health",
    timeout: float = 60,
    of: "subprocess.Popen[str] | None" = None,
    every: float = 0.05,
) -> str:
    """The body of the first answer on the port `number`; "" when there is none in time, or `of` ends before."""
    end = time.monotonic() + timeout
    while time.monotonic() < end and (of is None or of.poll() is None):
        connection = http.client.HTTPConnection("127.0.0.1", number, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        except OSError:
            time.sleep(every)
        finally:
            connection.close()
    return ""

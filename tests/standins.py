"""A folder in a container's place: the launcher is real, the programs that it becomes write down how they were called.

Servers that fail in a way that real ones do not show on demand are beside it: one answer for each connection.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import replicas
from replicas import Place
from values import PROJECT

from lading import plan, settings
from lading.model import Plan
from lading.source import Memory

#: Nothing to wait for and nothing to migrate: what a start costs least.
PLAN = replace(
    plan.make(PROJECT, settings.load(Memory({}), {}, {})), variables=(), database=None, migrations=None, backing=()
)

#: What `python -m NAME` is here. `THEN` is what it does afterwards.
STAND_IN = """\
import json, os, sys
call = {"program": PROGRAM, "argv": sys.argv[1:], "pid": os.getpid(), "cwd": os.getcwd(), "path": sys.path[:2],
        "env": dict(os.environ)}
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps(call) + "\\n")
exec(os.environ.get("THEN", ""))
"""

PROGRAMS = ("uvicorn", "gunicorn", "celery", "dramatiq", "debugpy")
WAITS = "import time; time.sleep(60)"


class Container:
    """A folder laid out as the image is: an environment, the launcher, the application, the volume."""

    def __init__(self, root: Path, plan: Plan = PLAN, interpreter: str = sys.executable) -> None:
        self.root, self.app = root, root / "app"
        version = subprocess.run(
            [interpreter, "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True, check=True
        ).stdout.strip()
        site = root / "venv" / "lib" / f"python3.{version}" / "site-packages"
        for name in PROGRAMS:
            (site / name).mkdir(parents=True)
            (site / name / "__init__.py").write_text("class Server: handle_exit = None\n")
            (site / name / "__main__.py").write_text(STAND_IN.replace("PROGRAM", repr(name)))
        (root / "venv" / "bin").mkdir()
        (root / "venv" / "bin" / "python").symlink_to(interpreter)
        (root / "venv" / "pyvenv.cfg").write_text(f"home = {Path(os.path.realpath(interpreter)).parent}\n")
        self.app.mkdir()
        env = {"PYTHONPATH": str(self.app), "CALLS": str(root / "calls")}
        self.place = Place(root=root, python=root / "venv" / "bin" / "python", app=self.app, env=env)
        self.argv: list[str | Path] = [self.place.python, "-S", root / "lading"]
        self.install(plan)

    def install(self, plan: Plan) -> "Container":
        """Put the launcher of `plan` where the image has it, with the paths of this folder."""
        self.place.install(plan)
        return self

    def start(self, *arguments: str, first: bool = False, **env: str) -> "subprocess.Popen[str]":
        return self.place.start(*arguments, first=first, **env)

    def run(self, *arguments: str, **env: str) -> tuple[int, str]:
        """The exit status, and all that is printed, without the path of this folder."""
        status, said = self.place.run(*arguments, timeout=30, **env)
        return status, said.replace(str(self.root), "")

    def beside(self, process: "subprocess.Popen[str]", *arguments: str, **env: str) -> tuple[int, str]:
        """As `run`, in the container whose process 1 `process` started, as an engine's `exec` does it."""
        enter = ("nsenter", "--target", str(replicas.inner(process)), *replicas.ENTERED, "--pid", "--mount", "--")
        done = subprocess.run(
            [*enter, *self.argv, *arguments], env={**self.place.env, **env}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr.replace(str(self.root), "")

    def called(self) -> list[dict[str, Any]]:
        """How the stand-ins were called."""
        path = self.root / "calls"
        lines = path.read_text().replace(str(self.root), "").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def until_called(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        """The call of the stand-in that `process` becomes."""
        end = time.monotonic() + 20
        while time.monotonic() < end and process.poll() is None:
            if calls := self.called():
                return calls[-1]
            time.sleep(0.02)
        process.kill()
        raise AssertionError(process.communicate()[0])


def ended(process: "subprocess.Popen[str]", signal: int | None = None) -> tuple[int, str]:
    """The exit status and what was printed of a process, sent `signal` before."""
    if signal is not None:
        process.send_signal(signal)
    said, _ = process.communicate(timeout=20)
    return process.returncode, said


class Server:
    """A server on loopback that gives each connection the next of its answers, and the last one for ever.

    An answer is sent after something was heard, or at once with `first`; `None` is none at all, and a callable does
    with the connection what it likes.
    """

    def __init__(
        self, *answers: bytes | Callable[[socket.socket], None] | None, host: str = "127.0.0.1", first: bool = False
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port: int = self.listener.getsockname()[1]
        self.heard: list[bytes] = []
        self.answers, self.first, self.held = list(answers), first, list[socket.socket]()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.held.append(connection)  # until the end: `None` neither answers nor hangs up
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            try:
                if answer is None:
                    continue
                if not self.first:
                    self.heard.append(connection.recv(4096))
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)
                connection.close()
            except OSError:
                continue

    def until_heard(self, times: int = 1) -> None:
        """Wait until something has been said so often."""
        end = time.monotonic() + 20
        while len(self.heard) < times:
            assert time.monotonic() < end, "nobody has connected"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        for one in (self.listener, *self.held):
            one.close()

"""A command is a value; `run` and `attend` are the only places in lading that start another program."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lading.errors import Outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run: the program and its arguments, never a shell. `env` adds to this process's own environment."""

    argv: tuple[str, ...]
    stdin: bytes | Path = b""
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    timeout: float = 600  # seconds

    def __str__(self) -> str:
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    status: int
    stdout: bytes
    stderr: bytes


Runner = Callable[[Command], Done]


def run(command: Command) -> Done:
    """Run `command` to its end and return what it said, whatever its status.

    Raises `Outside` when the program is missing or does not end within its time.
    """
    import os

    env = {**os.environ, **command.env} if command.env else None
    try:
        if isinstance(command.stdin, Path):
            with command.stdin.open("rb") as stdin:
                done = subprocess.run(
                    command.argv, stdin=stdin, capture_output=True, env=env, cwd=command.cwd,
                    timeout=command.timeout, check=False,
                )  # fmt: skip
        else:
            done = subprocess.run(
                command.argv, input=command.stdin, capture_output=True, env=env, cwd=command.cwd,
                timeout=command.timeout, check=False,
            )  # fmt: skip
    except FileNotFoundError as error:
        raise Outside(f"`{command.argv[0]}` is not installed", hint="install it, or put it on the PATH") from error
    except OSError as error:
        raise Outside(f"`{command.argv[0]}` cannot be started: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Outside(f"`{command}` did not end within {command.timeout:.0f} s") from error
    return Done(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


def attend(command: Command, *, aside: bool = False) -> int:
    """Run `command` to its end with our own standard input and outputs, however long it takes; its exit status.

    With `aside`, all that it says goes to standard error. Raises `Outside` when the program is missing.
    """
    import os

    env = {**os.environ, **command.env} if command.env else None
    try:
        stdout = 2 if aside else None
        return subprocess.run(command.argv, env=env, cwd=command.cwd, stdout=stdout, check=False).returncode
    except OSError as error:
        raise Outside(f"`{command.argv[0]}` cannot be started: {error.strerror}") from error


def output(command: Command, *, run: Runner = run) -> str:
    """What `command` printed. Raises `Outside` with the last lines of its standard error when it fails."""
    done = run(command)
    if done.status:
        tail = "\n".join(done.stderr.decode(errors="replace").strip().splitlines()[-20:])
        raise Outside(f"`{command.argv[0]}` failed with status {done.status}\n{tail}".rstrip())
    return done.stdout.decode(errors="replace")

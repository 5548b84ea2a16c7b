"""The image's base → an interpreter on this machine that compiles as the image's own would.

On Linux that is Debian's own, unpacked from the same packages for this machine's architecture and started by its own
loader: bytecode is the same on every architecture. Elsewhere it is a CPython of the same version, which uv finds.
"""

from __future__ import annotations

import os
import platform as machine
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lading import cache, command
from lading.build import lock
from lading.errors import Outside
from lading.model import Progress
from lading.oci.layer import Entry

_ASK = "import sys; print(*sys.version_info[:3], sys.implementation.cache_tag)"
_LOADER = re.compile(r"usr/lib(?:64)?/(?:[^/]+/)?ld-linux-[^/]+\.so\.\d")
_NEEDED = r"usr/bin/python{0}|usr/lib/python{0}/.*|usr/lib(?:64)?/(?:[^/]+/)?[^/]+\.so(?:\.[0-9.]+)?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """What runs a program in the image's Python, and what its bytecode depends on beside the sources."""

    argv: tuple[str, ...]
    identity: str
    tag: str  # cpython-313
    env: Mapping[str, str] = field(default_factory=dict)


#: The architecture of Debian's packages → the entries that the base of that architecture has; none where that base has
#: another version of the interpreter.
Base = Callable[[str], Iterable[Entry]]


def find(
    python: str, version: str, base: Base, *, store: Path, progress: Progress, run: command.Runner = command.run
) -> Compiler | None:
    """An interpreter of the minor version `python`, best the one that Debian calls `version`; None where there is none.

    `base` is asked for entries only when the interpreter was not unpacked before.
    """
    ours = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine.machine())
    if sys.platform == "linux" and ours and (found := _debian(python, version, ours, base, store=store, run=run)):
        return found
    exact = re.match(r"[\d.]+", version)
    for found in _host(python, exact[0] if exact else python, store, run):
        if not found.identity.endswith(f" {exact[0] if exact else python}"):
            progress(f"compiling with {found.identity}: the digest may differ from that of a build on Linux")
        return found
    progress(f"no Python {python} is here to compile with: the image will start slower, without bytecode")
    return None


def _debian(
    python: str, version: str, architecture: str, base: Base, *, store: Path, run: command.Runner
) -> Compiler | None:
    folder = store / "python" / re.sub(r"[^\w.+~-]", "_", f"{version}-{architecture}")
    if not folder.exists():
        entries = tuple(base(architecture))
        if not entries:
            return None
        _unpack(entries, re.compile(_NEEDED.format(re.escape(python))), folder)
    loaders = sorted(path for path in folder.glob("usr/lib*/**/ld-linux-*.so.*") if not path.is_symlink())
    if not loaders:
        return None
    libraries = ":".join(str(path) for path in (folder / "usr/lib").glob("*-linux-gnu"))
    argv = (str(loaders[0]), "--library-path", libraries, str(folder / f"usr/bin/python{python}"), "-I", "-S", "-B")
    # What the user preloads is made for another C library.
    compiler = Compiler(argv=argv, identity=f"Debian {version}", tag=_tag(python), env={"LD_PRELOAD": ""})
    if (folder / "works").exists():
        return compiler
    # Where the cache may not hold programs, the loader does not start.
    if _works(compiler, python, run) is None:
        return None
    cache.store(folder / "works", b"")
    return compiler


def _unpack(entries: Iterable[Entry], needed: re.Pattern[str], folder: Path) -> None:
    temporary = folder.with_name(f".new-{uuid.uuid4().hex}")
    try:
        for entry in entries:
            if not needed.fullmatch(entry.path) or entry.kind == "directory":
                continue
            path = temporary / entry.path
            if entry.kind == "symlink":
                # A link is of use only where it stays beside its target.
                if "/" not in entry.link:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.symlink_to(entry.link)
                continue
            runs = _LOADER.fullmatch(entry.path) or entry.path.startswith("usr/bin/")
            cache.store(path, entry.data, mode=0o755 if runs else 0o644)
        try:
            os.rename(temporary, folder)
        except OSError as error:
            if not folder.exists():  # else another build was faster
                raise Outside(f"`{folder.parent}` cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _host(python: str, exact: str, store: Path, run: command.Runner) -> Iterable[Compiler]:
    """Interpreters that uv finds, or gets, the best first."""
    home = {"UV_PYTHON_INSTALL_DIR": str(store / "python" / "uv")}

    def uv(*argv: str) -> str:
        done = run(command.Command(argv=(lock.program(), "python", *argv), env=home))
        return "" if done.status else done.stdout.decode().strip()

    find = ("find", "--no-project", "--no-python-downloads")
    asks: tuple[Callable[[], str], ...] = (
        lambda: uv(*find, exact),
        lambda: uv("install", "--quiet", "--no-bin", exact) or uv(*find, exact),
        lambda: uv(*find, python),
    )
    for ask in asks:
        if program := ask():
            one = Compiler(argv=(program, "-I", "-S", "-B"), identity="", tag=_tag(python))
            if found := _works(one, python, run):
                yield Compiler(argv=one.argv, identity=f"CPython {found}", tag=one.tag)


def _works(compiler: Compiler, python: str, run: command.Runner) -> str | None:
    """The full version of an interpreter that starts, is CPython and has the minor version `python`."""
    try:
        done = run(command.Command(argv=(*compiler.argv, "-c", _ASK), env=compiler.env))
    except Outside:
        return None
    said = done.stdout.decode(errors="replace").split()
    if done.status or len(said) != 4 or said[3] != _tag(python):
        return None
    return ".".join(said[:3])


def _tag(python: str) -> str:
    return "cpython-" + python.replace(".", "")

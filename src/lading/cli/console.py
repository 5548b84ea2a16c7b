"""The only place that prints: data on standard output, everything else on standard error."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field

from lading.errors import Error


@dataclass(frozen=True, slots=True)
class Console:
    """Where output goes, and how: colour only on a terminal, and never with NO_COLOR (no-color.org)."""

    quiet: bool = False
    verbose: bool = False
    color: bool = False
    width: int = 100
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, *, quiet: bool, verbose: bool, environ: Mapping[str, str] = os.environ) -> Console:
        """The console that this process has."""
        forced = environ.get("FORCE_COLOR")
        color = not environ.get("NO_COLOR") and bool(forced or sys.stdout.isatty())
        columns = shutil.get_terminal_size((100, 24)).columns
        return cls(quiet=quiet, verbose=verbose, color=color, width=max(60, min(columns, 140)))

    def data(self, text: str) -> None:
        """What was asked for, on standard output."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def say(self, line: str) -> None:
        """One line for a person, on standard error."""
        print(line, file=sys.stderr)

    def progress(self, line: str) -> None:
        """What a long step is doing, with the seconds since the start."""
        if not self.quiet:
            print(f"{time.monotonic() - self.started:6.1f} s  {line}", file=sys.stderr, flush=True)

    def error(self, error: Error) -> None:
        """What stopped us, and what to do about it."""
        lines = [f"error: {error}"]
        if error.hint:
            lines += ["", f"hint: {error.hint}"]
        if self.verbose:
            cause = error.__cause__
            while cause is not None:
                lines += ["", f"because: {type(cause).__name__}: {cause}"]
                cause = cause.__cause__
        print("\n".join(lines), file=sys.stderr)

    def bug(self, error: BaseException) -> int:
        """Say that lading itself is wrong, keep the traceback in a file, and return the status for it."""
        handle, path = tempfile.mkstemp(prefix="lading-bug-", suffix=".txt")
        with os.fdopen(handle, "w") as file:
            file.write("".join(traceback.format_exception(error)))
        print(f"error: this is a bug of lading: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"\nhint: please report it with `{path}`, which holds the traceback", file=sys.stderr)
        return Error.status

    def finish(self) -> None:
        """Write out what is buffered, so that a closed pipe is seen here and not at exit."""
        sys.stdout.flush()

    def abandon_stdout(self) -> None:
        """The reader of our output went away: that is its right."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

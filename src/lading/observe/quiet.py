"""Starts beside each other, and one that is timed: who times waits until nobody else starts, and holds others back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition

#: Seconds that who times waits for others, and others for who times.
_PATIENCE = 60.0


@dataclass(slots=True)
class Quiet:
    """How many containers are starting, and how many are timed or wait for that."""

    starting: int = 0
    timed: int = 0
    changed: Condition = field(default_factory=Condition)

    def begin(self) -> None:
        """A container is about to start."""
        with self.changed:
            self.changed.wait_for(lambda: not self.timed, _PATIENCE)
            self.starting += 1

    def end(self) -> None:
        """It has started, or never will."""
        with self.changed:
            self.starting -= 1
            self.changed.notify_all()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """While this lasts no container starts."""
        with self.changed:
            self.timed += 1
            self.changed.wait_for(lambda: not self.starting, _PATIENCE)
        try:
            yield
        finally:
            with self.changed:
                self.timed -= 1
                self.changed.notify_all()

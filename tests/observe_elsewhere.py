"""A process that observes for a test, which starts it as another user, in a container, or to kill it half way.

`observe_elsewhere.py REQUEST RESULT`: both are pickles; a request is a way, a plan, an image, a cache, and a start with
what to execute in it, or neither for a whole observation.
"""

import pickle
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lading import observe
from lading.errors import Outside
from lading.model import Image, Observation, Outcome, Plan, Run, Start
from lading.observe import probe, unshare
from lading.observe.container import Host


@dataclass(frozen=True, kw_only=True)
class Request:
    """`way` is `unshare`, as users have it, or one half of that: `namespaces` or `chroot`."""

    way: str
    plan: Plan
    image: Image
    cache: Path
    start: Start | None = None
    execute: tuple[str, ...] | None = None
    seconds: float = 10


def answer(asked: Request) -> Observation | Run | Outcome | str:
    """What was seen, or the message of the `Outside` that came instead."""
    ways: dict[str, Callable[..., AbstractContextManager[Host]]] = {
        "unshare": unshare.host,
        "namespaces": unshare.namespaces,
        "chroot": unshare.chroot,
    }
    way = ways[asked.way]
    try:
        if asked.start is None:
            with way(asked.plan, asked.image, cache=asked.cache, progress=say) as host:
                return observe.observation(asked.plan, asked.image, host, progress=say)
        with way(asked.plan, asked.image, cache=asked.cache, progress=say) as host, host.start(asked.start) as one:
            if asked.execute:
                return one.execute(asked.execute, {}, asked.seconds)
            return probe.probe(one, asked.plan, asked.image.config["config"])
    except Outside as refusal:
        return refusal.message


def say(line: str) -> None:
    """Progress, for the log of a test that fails."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    request, result = map(Path, sys.argv[1:])
    result.write_bytes(pickle.dumps(answer(pickle.loads(request.read_bytes()))))

"""A container and the path of its metrics → the counters that were read, several times and several at once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from lading.model import Scrape
from lading.observe import web
from lading.observe.container import Container

#: Readings at once, so that more than one process of the server answers; and how many series are kept of each.
_AT_ONCE, _SERIES = 6, 200

_LARGEST = 1_000_000

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*(?:\{.*\})?) ([^ ]+)(?: -?\d+)?")


def scrape(container: Container, path: str, count: int) -> tuple[Scrape, ...]:
    """Read the metrics `count` times. What could not be read is an empty reading."""

    def one(_: int) -> Scrape:
        began = time.monotonic()
        answer = web.ask(container, container.start.connect, path, largest=_LARGEST)
        text = answer.body if answer.status == 200 else ""
        return Scrape(began=began, ended=time.monotonic(), counters=dict(list(counters(text))[:_SERIES]))

    out: list[Scrape] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while len(out) < count:
            out += pool.map(one, range(min(_AT_ONCE, count - len(out))))
    return tuple(out)


def counters(text: str) -> Iterator[tuple[str, float]]:
    """The series that only ever rise: counters, and what histograms and summaries count.

    Source: Prometheus' "Exposition formats", text-based format.
    """
    rising: set[str] = set()
    for line in text.splitlines():
        match line.split():
            case ["#", "TYPE", name, "counter"]:
                rising |= {name, f"{name}_total"}
            case ["#", "TYPE", name, "histogram" | "summary"]:
                rising |= {f"{name}_count", f"{name}_bucket"}
            case _:
                found = _SAMPLE.fullmatch(line.strip())
                if found and found[1].partition("{")[0] in rising:
                    try:
                        yield found[1], float(found[2])
                    except ValueError:
                        continue

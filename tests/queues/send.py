"""`send.py MODULE FIRST COUNT SECONDS EVERY`: sends COUNT messages that take SECONDS each, one EVERY so often."""

import importlib
import sys
import time
from collections.abc import Iterator


def numbers(first: int, count: int, every: float) -> Iterator[int]:
    for number in range(first, first + count):
        yield number
        time.sleep(every)


if __name__ == "__main__":
    module, first, count, seconds, every = sys.argv[1:]
    importlib.import_module(module).send(numbers(int(first), int(count), float(every)), float(seconds))

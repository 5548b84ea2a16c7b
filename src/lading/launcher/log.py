"""What is said: one line on standard error for each fact, or one sentence that ends it all."""

from __future__ import annotations

import os
import sys
import time


class Stop(Exception):
    """One sentence for the log, and the status to exit with."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


def say(sentence: object) -> None:
    """One line on standard error."""
    if os.environ.get("LOG_FORMAT", "").lower() == "json":
        import json

        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps({"time": at, "logger": "lading", "message": str(sentence)})
    else:
        line = f"lading: {sentence}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201

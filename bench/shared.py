"""What the benchmarks share: running a command, the table of medians, the engine that works."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
LADING = str(ROOT / ".venv" / "bin" / "lading")
BASELINE = ROOT / "bench" / "baseline.Dockerfile"


def docker() -> str:
    """A docker client that has BuildKit and reaches an engine."""
    for client in (shutil.which("docker"), "/usr/bin/docker"):
        if client and subprocess.run([client, "info"], capture_output=True, check=False).returncode == 0:
            build = [client, "build", "--help"]
            if subprocess.run(build, capture_output=True, check=False, env=buildkit()).returncode == 0:
                return client
    sys.exit("no Docker Engine answers: start one, these figures need it")


def buildkit() -> dict[str, str]:
    return {**os.environ, "DOCKER_BUILDKIT": "1"}


def run(argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """What the command printed; the benchmark ends when it fails, with what it said."""
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, argv))}\nfailed with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout.strip()


def timed(action: Callable[[], object]) -> float:
    """Wall seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def table(title: str, rows: Mapping[str, Mapping[str, Sequence[float]]], *, against: str) -> None:
    """Medians with minimum and maximum, and each column's ratio to the first column."""
    columns = list(next(iter(rows.values())))
    print(f"\n{title}\n")
    print(f"| {'':28} | " + " | ".join(f"{column:>22}" for column in columns) + " |")
    print(f"|{'-' * 30}|" + "|".join("-" * 23 + ":" for _ in columns) + "|")
    for name, cells in rows.items():
        first = statistics.median(cells[against])
        texts = []
        for column in columns:
            times = cells[column]
            middle = statistics.median(times)
            ratio = "" if column == against else f" ×{middle / first:.1f}"
            texts.append(f"{middle:.2f} s ({min(times):.2f}–{max(times):.2f}){ratio}")
        print(f"| {name:28} | " + " | ".join(f"{text:>22}" for text in texts) + " |")

"""What the launcher costs over a bare `python -m uvicorn`, side by side; needs the servers of `make services`.

    python bench/launch.py [--runs 15]

The application is the smallest there is, so that nothing hides the launcher. `at head` is a start with migrations whose
database is at its newest revision, which is every start but the first.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import shared

sys.path[:0] = [str(shared.ROOT / "tests")]  # whose databases and application these are, too
import replicas  # noqa: E402
from databases import fresh  # noqa: E402
from replicas import Place  # noqa: E402

SCHEMES = ("sqlite", "postgresql+psycopg", "postgresql+psycopg2", "postgresql+asyncpg", "mysql+pymysql")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        python = replicas.environment(root / "environment", *replicas.PACKAGES)
        plan = replace(replicas.plan("sqlite"), migrations=None, database=None)
        place = compiled(Place(root=root, python=python, env={}).install(plan))
        bare = [str(python), "-m", "uvicorn", "main:app", "--log-level", "info", "--port"]
        starts(place, bare, runs)
        health(place, python, runs)
        for scheme in SCHEMES:
            at_head(scheme, root, python, runs)


def compiled(place: Place) -> Place:
    """The launcher with its bytecode, as an image has it."""
    shared.run([place.python, "-m", "compileall", "-q", place.root / "lading"])
    return place


class First:
    """What a start took until its first answer: wall and processor seconds, and the megabytes that it then holds."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, began: float) -> None:
        try:
            if not replicas.answers(port, of=process, every=0.002):
                sys.exit("the server did not answer")
            self.seconds = time.perf_counter() - began
            words = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
            # With the children that it waited for: utime, stime, cutime, cstime of proc(5).
            self.processor = sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
            status = Path(f"/proc/{process.pid}/status").read_text()
            self.megabytes = int(status.partition("VmRSS:")[2].split()[0]) / 1000
        finally:
            process.kill()
            process.communicate()


def starts(place: Place, bare: Sequence[str], runs: int) -> None:
    found: dict[str, list[First]] = {"bare": [], "launcher": []}
    quiet = subprocess.DEVNULL
    for _ in range(runs):
        for kind, measured in found.items():
            port = replicas.port()
            env = {"PATH": os.defpath, "PYTHONPATH": str(place.app)}
            began = time.perf_counter()
            if kind == "bare":
                process = subprocess.Popen([*bare, str(port)], env=env, stdout=quiet, stderr=quiet, text=True)
            else:
                process = place.start("serve", PORT=str(port))
            measured.append(First(process, port, began))
    for unit, of in UNITS.items():
        cells = {kind: [of(one) for one in measured] for kind, measured in found.items()}
        more = statistics.median(cells["launcher"]) - statistics.median(cells["bare"])
        shown = ", ".join(f"{kind} {statistics.median(row):.1f} ({min(row):.1f})" for kind, row in cells.items())
        print(f"first answer, {unit:20} median (least): {shown}: the launcher adds {more:.1f}")


UNITS: Mapping[str, Callable[[First], float]] = {
    "ms": lambda one: one.seconds * 1000,
    "ms of processor time": lambda one: one.processor * 1000,
    "MB": lambda one: one.megabytes,
}


def health(place: Place, python: Path, runs: int) -> None:
    """Processor time of one health check, beside an interpreter that does nothing."""
    port = replicas.port()
    server = place.start("serve", PORT=str(port))
    replicas.answers(port, of=server)
    program = str(place.root / "lading")
    cells: dict[str, list[float]] = {"nothing": [], "healthcheck": []}
    for _ in range(runs):
        cells["nothing"].append(processor([str(python), "-S", "-c", "pass"], port))
        cells["healthcheck"].append(processor([str(python), "-S", program, "healthcheck"], port))
    server.kill()
    server.communicate()
    print()
    for name, times in cells.items():
        print(f"{name:12} {statistics.median(times) * 1000:5.1f} ms of processor time")


def processor(argv: Sequence[str], port: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, env={"PORT": str(port)}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def at_head(scheme: str, root: Path, python: Path, runs: int) -> None:
    """A start whose database is at its newest revision, beside one without migrations."""
    with fresh(scheme, root / "data") as base:
        plan = replicas.plan(base.dialect, base.driver)
        places = {
            name: compiled(Place(root=root / name, python=python, env={"DATABASE_URL": base.url}).install(made))
            for name, made in {"none": replace(plan, migrations=None), "at head": plan}.items()
        }
        if places["at head"].run("migrate")[0]:
            sys.exit(f"{scheme}: the migrations failed")
        found: dict[str, list[First]] = {name: [] for name in places}
        for _ in range(runs):
            for name, place in places.items():
                port, began = replicas.port(), time.perf_counter()
                found[name].append(First(place.start("serve", PORT=str(port)), port, began))
        cells = {
            unit: {name: statistics.median(map(of, measured)) for name, measured in found.items()}
            for unit, of in UNITS.items()
        }
        more = [f"{row['at head'] - row['none']:+.0f} {unit}" for unit, row in cells.items() if unit != "MB"]
        print(f"{scheme:20} at head, beside no migrations: {', '.join(more)}")


if __name__ == "__main__":
    main()

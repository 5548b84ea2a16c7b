"""How many of many replicas serve that start at once on one database, and how often each revision ran.

    python bench/together.py [--rounds 20] [--kills 50] [SCHEME ...]

Needs the servers of `make services`. Each round is a database of its own: empty, then one revision behind. Then a
migrating replica is killed at random moments, and the next start must end at the newest revision or say what is.
"""

import argparse
import collections
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import shared

sys.path[:0] = [str(shared.ROOT / "tests")]  # whose databases and application these are, too
import replicas  # noqa: E402
import test_launch_databases as tests  # noqa: E402
from databases import fresh  # noqa: E402

COUNTS = {"postgresql+psycopg": 50, "mysql+pymysql": 50, "sqlite": 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("schemes", nargs="*", default=list(COUNTS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        python = replicas.environment(root / "environment", *replicas.PACKAGES)
        for scheme in args.schemes:
            for behind in (False, True) if args.rounds else ():
                together(scheme, root, python, args.rounds, behind=behind)
            if args.kills:
                killed(scheme, root, python, args.kills)


def together(scheme: str, root: Path, python: Path, rounds: int, *, behind: bool) -> None:
    served, once, taken = 0, 0, 0.0
    for _ in range(rounds):
        with fresh(scheme, root / "data") as base:
            if behind:
                tests.migrate_to(base, python, "0001")
            began = time.monotonic()
            results = tests.together(tests.place(base, root, python), COUNTS[scheme])
            taken += time.monotonic() - began
            served += sum(ok for ok, _ in results)
            once += base.ran() == ["0001", "0002"]
            for ok, log in results:
                if not ok:
                    print(log)
    state = "one revision behind" if behind else "empty"
    print(f"{scheme}, {state}: {served} of {rounds * COUNTS[scheme]} replicas serve, each revision ran once in "
          f"{once} of {rounds} rounds, {taken / rounds:.1f} s a round", flush=True)  # fmt: skip


def killed(scheme: str, root: Path, python: Path, kills: int) -> None:
    ends: collections.Counter[str] = collections.Counter()
    moment = random.Random(7)
    for _ in range(kills):
        with fresh(scheme, root / "data") as base:
            here = tests.place(base, root, python)
            process = here.start("migrate", MIGRATION_SECONDS="0.3")
            time.sleep(moment.uniform(0.1, 1.6))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                ends["killed"] += 1
            process.communicate()
            status, log = here.run("migrate")
            tests.believed(base, status, log)
            ends["at its newest revision" if status == 0 else "refused, with what is and what to do"] += 1
    print(f"{scheme}, {kills} starts: " + ", ".join(f"{count} {what}" for what, count in ends.items()), flush=True)


if __name__ == "__main__":
    main()

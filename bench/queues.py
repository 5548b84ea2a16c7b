"""1,000 messages for each queue library while its workers are replaced in turn: what is lost, and what is done twice.

Needs root and the servers of `make services`. `--messages` and names of libraries make it shorter.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import queueing
import replicas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="*", help=f"of {', '.join(queueing.LIBRARIES)}")
    parser.add_argument("--messages", type=int, default=1000)
    asked = parser.parse_args()
    names = asked.libraries or list(queueing.LIBRARIES)
    print(f"\n{asked.messages} messages of 0.05 s, two workers, one replaced three times\n")
    print(f"| {'library':16} | lost | kept aside | begun again | done twice | seconds | health: CPU, idle |")
    print(f"|{'-' * 18}|-----:|-----------:|------------:|-----------:|--------:|------------------:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-queues") as folder:
        for name in names:
            environment = queueing.LIBRARIES[name].environment
            python = replicas.environment(Path(folder) / environment, *queueing.PACKAGES[environment])
            apart = Path(folder) / name.replace(", ", "-")
            # The workers' logs are not the table.
            with contextlib.redirect_stdout(sys.stderr), queueing.queue(name, python, apart) as queue:
                with queue.start() as worker:
                    queueing.until(lambda worker=worker: worker.health().status == 0)  # type: ignore[misc]
                    cpu = min(worker.health().cpu for _ in range(5))
                    worker.stop()
                found = queueing.replaced(queue, asked.messages)
            cells = f"| {name:16} | {found.lost:4} | {found.kept:10} | {found.again:11} | {found.twice:10} "
            print(cells + f"| {found.seconds:7.1f} | {cpu * 1000:14.0f} ms |", flush=True)


if __name__ == "__main__":
    main()

"""How many real repositories `lading init` and `docker build` make an image of, and how many of those start.

    bench/builds.py --corpus FILE --sources DIR [--only ID …] [--start] [--as-committed]

FILE is a list of repositories, DIR/<id> is each one's checkout, which is copied and never written to. The image is
built as a user would, by `docker build` on the files that `lading init` wrote. With `--start`, `lading verify --engine
docker` runs it, the services that the plan names beside it; "starts" is its check `defaults-work`. For each that does
not, the last thing that the builder or the container said. With `--as-committed`, what no lock pins is as on the day
after the commit (`commit_date` in FILE), by `--as-of`. Needs Docker Engine and the package registries.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import shared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--as-committed", action="store_true")
    args = parser.parse_args()
    cases = [one for one in json.loads(args.corpus.read_text()) if not args.only or one["id"] in args.only]
    built = started = 0
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name, case["id"])
            shutil.copytree(args.sources / case["id"], copy, symlinks=True)
            tag = f"lading-bench-{case['id']}"
            day = date.fromisoformat(case["commit_date"]) + timedelta(days=1) if args.as_committed else None
            flags = ("--service", case["backend_root"], *(("--as-of", str(day)) if day else ()))
            problem, said = image(copy, case, tag, flags)
            built += problem is None
            if problem is None and args.start:
                problem, more = start(copy, tag, flags)
                started += problem is None
                said = f"{said}; {more}"
            print(f"{case['id']:14} {said}{f': {problem}' if problem else ''}", flush=True)
            subprocess.run([shared.docker(), "rmi", "--force", tag], capture_output=True, check=False)
    more = f", {started} start" if args.start else ""
    print(f"{built} of {len(cases)} are built{more}")


def image(copy: Path, case: Mapping[str, Any], tag: str, flags: tuple[str, ...]) -> tuple[str | None, str]:
    """What speaks against an image of the copy, and how it went."""
    began = time.monotonic()
    asked = [shared.LADING, "init", copy, *flags, "--force", "--json"]
    done = subprocess.run(list(map(str, asked)), capture_output=True, text=True, check=False)
    if done.returncode:
        return last(done.stderr), "no files are written"
    written = [one["path"] for one in json.loads(done.stdout)]
    named = (path for path in written if "Dockerfile" in path and not path.endswith(".dockerignore"))
    dockerfile = next(named)
    # A Dockerfile in a folder of its own is told the whole; one beside the code is beside it.
    root = next(folder for folder in (copy, copy / case["backend_root"]) if (folder / ".lading/written.json").exists())
    argv = [shared.docker(), "build", "--progress=plain", "--tag", tag, "--file", root / dockerfile, root]
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False, env=shared.buildkit())
    took = f"{time.monotonic() - began:.0f} s"
    if done.returncode:
        return last(done.stderr), f"not built, {took}"
    size = shared.run([shared.docker(), "image", "inspect", "--format", "{{.Size}}", tag])
    return None, f"built, {took}, {int(size) / 1e6:.0f} MB"


def start(copy: Path, tag: str, flags: tuple[str, ...]) -> tuple[str | None, str]:
    """What speaks against its containers, and how they went."""
    began = time.monotonic()
    asked = [shared.LADING, "verify", copy, *flags, "--engine", "docker", "--image", tag]
    done = subprocess.run([*map(str, asked), "--json"], capture_output=True, text=True, check=False)
    took = f"{time.monotonic() - began:.0f} s"
    if not done.stdout.startswith("{"):
        return last(done.stderr), f"not verified, {took}"
    findings = [one for one in json.loads(done.stdout)["findings"] if one["check"] == "defaults-work"]
    bad = [one for one in findings if one["verdict"] != "pass"]
    if bad or not findings:
        return "; ".join(one["message"] for one in bad) or "nobody looked", f"does not start, {took}"
    return None, f"starts, {took}"


def last(text: str) -> str:
    """The last lines that say what failed, in one."""
    words = [line.partition(" ")[2] if line[:1] == "#" else line for line in text.splitlines() if line.strip()]
    wrong = [line for line in words if "rror" in line and "executor failed" not in line]
    return " ".join((wrong or words or ["nothing was said"])[-1].split())[:300]


if __name__ == "__main__":
    main()

"""Whether Debian has every package that data/system.toml names, in trixie by its name and in bookworm by its own.

    bench/debian_names.py [--mirror URL]

Reads the package lists of this machine's mirror. Status 1 when a name is wrong.
"""

import argparse
import lzma
import os
import sys
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

from lading import http
from lading.debian import mirror
from lading.detect import system
from lading.model import Fact

SUITES = ("trixie", "bookworm")
ARCHITECTURES = ("amd64", "arm64")


def named() -> Iterator[str]:
    """Every Debian package of the table."""
    for row in _table()["distribution"]:
        for key in ("run", "build", "links"):
            yield from row.get(key, ())
    yield from (row["package"] for row in _table()["program"])


def renamed(suite: str) -> Iterator[str]:
    """The packages that have another name in a suite."""
    yield from _table()["suite"].get(suite, ())


def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files("lading.detect") / "data" / "system.toml").read_text())


def available(suite: str, architecture: str, address: str) -> frozenset[str]:
    """The names of all packages of a suite's main archive. Nothing is installed by them, so no signature is checked."""
    answer = http.get(f"{address}/dists/{suite}/main/binary-{architecture}/Packages.xz", headers={})
    if answer.status != 200:
        sys.exit(f"{address} answers {answer.status} for {suite}")
    lines = lzma.decompress(answer.body).decode().splitlines()
    return frozenset(line.removeprefix("Package: ") for line in lines if line.startswith("Package: "))


def wrong(address: str) -> Iterator[str]:
    """What is wrong with the table, a sentence each."""
    names = sorted(set(named()))
    for suite in SUITES:
        for architecture in ARCHITECTURES:
            there = available(suite, architecture, address)
            print(f"{suite}, {architecture}: {len(there):,} packages", file=sys.stderr)
            for name in names:
                own = system.on(name, suite)
                if own is not None and own not in there:
                    near = sorted(one for one in there if one.startswith(own.removesuffix("t64")[:-1]))
                    yield f"{name}: {suite} has no `{own}` for {architecture}; {', '.join(near[:6])}"
                if own is None and name in there:
                    yield f"{name}: {suite} has it, and the table says that it has not"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror")
    given = Fact(parser.parse_args().mirror, "--mirror")
    found = list(wrong(mirror.find(given, os.environ).value))
    print("\n".join(found) or f"{len(set(named()))} names, all there")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

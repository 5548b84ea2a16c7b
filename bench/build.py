"""Builds of one backend by lading, BuildKit and buildah, side by side in one run: cold, warm, one line changed.

    python bench/build.py [--runs 3] [BACKEND]

Cold: no layer, no download and no cache mount is there; only Docker's base image is, and lading makes its own base out
of Debian packages. Warm: nothing changed. One line: a comment is added to the application's own file. All build what
`lading init` writes; `copied` is the Dockerfile in baseline.Dockerfile.
"""

import argparse
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import shared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backend", nargs="?", type=Path, default=shared.ROOT / "examples" / "task-list")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    client = shared.docker()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        builders = prepare(work, args.backend, client)
        cells: dict[str, dict[str, list[float]]] = {
            row: {builder: [] for builder in builders} for row in ("cold", "warm", "one line changed")
        }
        for number in range(args.runs):
            for builder, (folder, build) in builders.items():
                fresh = f"{number}-{time.time_ns()}"
                cells["cold"][builder].append(shared.timed(lambda: build(fresh, True)))  # noqa: B023
                cells["warm"][builder].append(shared.timed(lambda: build(fresh, False)))  # noqa: B023
                with (folder / "app" / "main.py").open("a") as file:
                    file.write(f"# {fresh}\n")
                cells["one line changed"][builder].append(shared.timed(lambda: build(fresh, False)))  # noqa: B023
        shared.table(f"build of {args.backend.name}, {args.runs} runs each", cells, against="lading")


def prepare(work: Path, backend: Path, client: str) -> dict[str, tuple[Path, Callable[[str, bool], object]]]:
    """A copy of the backend for each builder, and the function that builds it."""
    folders = {}
    for name in ("lading", "BuildKit", "buildah", "BuildKit, copied"):
        folders[name] = work / name.replace(", ", "-")
        shutil.copytree(backend, folders[name])
        shared.run([shared.LADING, "init", "--quiet", folders[name]])
    shutil.copy(shared.BASELINE, folders["BuildKit, copied"] / "Dockerfile")
    shared.run(["sh", "-c", f"{client} save python:3.12-slim | podman load --quiet"])
    env = shared.buildkit()

    def lading(fresh: str, _cold: bool) -> None:
        caches = {**env, "LADING_CACHE": str(work / f"cache-{fresh}"), "UV_CACHE_DIR": str(work / f"uv-{fresh}")}
        shared.run([shared.LADING, "build", "--quiet", folders["lading"]], caches)

    def dockerfile(folder: Path, fresh: str) -> Path:
        """The Dockerfile, with cache mounts of this run's own."""
        text = (folder / "Dockerfile").read_text()
        path = folder.parent / f"{folder.name}.Dockerfile"
        numbers = iter(range(100))
        path.write_text(re.sub("--mount=type=cache,", lambda found: f"{found[0]}id={fresh}-{next(numbers)},", text))
        return path

    def buildkit(folder: Path) -> Callable[[str, bool], object]:
        def build(fresh: str, cold: bool) -> None:
            flags = ["--no-cache"] if cold else []
            shared.run([client, "build", "--quiet", *flags, "-f", dockerfile(folder, fresh), folder], env)

        return build

    def buildah(fresh: str, cold: bool) -> None:
        flags = ["--no-cache"] if cold else []
        folder = folders["buildah"]
        shared.run(["buildah", "bud", "--quiet", "--layers", "--format", "docker", *flags,
                    "-f", dockerfile(folder, fresh), folder])  # fmt: skip

    return {
        "lading": (folders["lading"], lading),
        "BuildKit": (folders["BuildKit"], buildkit(folders["BuildKit"])),
        "buildah": (folders["buildah"], buildah),
        "BuildKit, copied": (folders["BuildKit, copied"], buildkit(folders["BuildKit, copied"])),
    }


if __name__ == "__main__":
    main()

"""Time from `docker run` to the first healthy answer, of three images of one backend, in turns in one run.

    python bench/start.py [--runs 9] [BACKEND]

`copied` is the image of baseline.Dockerfile, which runs no migration; ours migrate an empty volume (`fresh`) or find it
at its head (`again`), as a production container does at its first and at every later start.
"""

import argparse
import json
import shutil
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path

import shared


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backend", nargs="?", type=Path, default=shared.ROOT / "examples" / "task-list")
    parser.add_argument("--runs", type=int, default=9)
    args = parser.parse_args()
    client, mark = shared.docker(), f"lading-bench-{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as name:
        images = build(Path(name), args.backend, client, mark)
    volumes = {image: f"{mark}-{number}" for number, image in enumerate(images)}
    columns = ["copied", "Dockerfile, again", "Dockerfile, fresh", "native, again", "native, fresh"]
    cells: dict[str, list[float]] = {column: [] for column in columns}
    try:
        for image in images.values():  # a first start of each, not counted, which also fills the volumes
            first_answer(client, image, ["-v", f"{volumes[key(images, image)]}:/data"])
        for _ in range(args.runs):
            for column in columns:
                kind, _, state = column.partition(", ")
                mount = ["-v", f"{volumes[kind]}:/data"] if state == "again" else []
                cells[column].append(first_answer(client, images[kind], mount))
        shared.table(f"{args.backend.name}, {args.runs} runs each", {"first healthy answer": cells}, against="copied")
        for kind, image in images.items():
            print(f"{kind:12} {size(client, image) / 1e6:7.1f} MB of uncompressed layers")
    finally:
        shared.run([client, "volume", "rm", "--force", *volumes.values()])
        shared.run([client, "rmi", "--force", *images.values()])


def key(images: dict[str, str], image: str) -> str:
    return next(kind for kind, name in images.items() if name == image)


def build(work: Path, backend: Path, client: str, mark: str) -> dict[str, str]:
    """Three images of `backend` in the engine: kind → name."""
    folder = work / "backend"
    shutil.copytree(backend, folder)
    shared.run([shared.LADING, "init", "--quiet", folder])
    env = shared.buildkit()
    shared.run([client, "build", "--quiet", "-t", f"{mark}:copied", "-f", shared.BASELINE, folder], env)
    shared.run([client, "build", "--quiet", "-t", f"{mark}:dockerfile", folder], env)
    shared.run([shared.LADING, "build", "--quiet", folder, "--load", "docker", "--tag", f"{mark}:native"])
    return {"copied": f"{mark}:copied", "Dockerfile": f"{mark}:dockerfile", "native": f"{mark}:native"}


def first_answer(client: str, image: str, flags: Sequence[str]) -> float:
    """Seconds from the start of `docker run` to the first 200 of /health."""
    start = time.perf_counter()
    container = shared.run([client, "run", "--detach", "--rm", "--publish", "127.0.0.1::8000", *flags, image])
    try:
        where = json.loads(shared.run([client, "inspect", container]))[0]["NetworkSettings"]["Ports"]["8000/tcp"][0]
        url = f"http://127.0.0.1:{where['HostPort']}/health"
        while time.perf_counter() - start < 60:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - start
            except (urllib.error.URLError, OSError):
                time.sleep(0.005)
        raise SystemExit(f"{image} did not answer within 60 s:\n{shared.run([client, 'logs', container])}")
    finally:
        shared.run([client, "kill", container])


def size(client: str, image: str) -> int:
    """Bytes of the uncompressed layers, as the engine adds them up."""
    return int(shared.run([client, "image", "inspect", "--format", "{{.Size}}", image]))


if __name__ == "__main__":
    main()

"""Image → Observation: what containers of it do, each started as a user would start it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack
from pathlib import Path

from lading.errors import BadInput, Outside
from lading.model import Image, Observation, Plan, Progress, Run, Start
from lading.observe import docker, podman, probe, scenarios, unshare
from lading.observe.container import Engine, Host

ENGINES = dict[str, Engine](unshare=unshare, docker=docker, podman=podman)


def observe(plan: Plan, image: Image, *, engine: str, cache: Path, progress: Progress) -> Observation:
    """Start containers of `image` in every way that `scenarios` knows, and gather what they do.

    `engine` is a key of `ENGINES`, or `auto`: the first that can run here, namespaces before the engines that need a
    daemon, and a chroot, which shows least, last. Where none can run there are no runs, and the limits say why.
    Raises `BadInput` for an engine that there is not, `Outside` when a named engine cannot run here.
    """
    if engine != "auto" and engine not in ENGINES:
        raise BadInput(f"there is no engine `{engine}`", hint=f"the engines are auto, {', '.join(ENGINES)}")
    order = (unshare.namespaces, docker.host, podman.host, unshare.chroot)
    refusals: list[str] = []
    for way in order if engine == "auto" else (ENGINES[engine].host,):
        with ExitStack() as stack:
            try:
                host = stack.enter_context(way(plan, image, cache=cache, progress=progress))
            except Outside as refusal:
                if engine != "auto":
                    raise
                refusals.append(refusal.message)
                continue
            return observation(plan, image, host, progress=progress)
    return Observation(engine="none", image=image.digest, runs={}, limits=tuple(f"not run: {one}" for one in refusals))


def observation(plan: Plan, image: Image, host: Host, *, progress: Progress) -> Observation:
    """The same under an engine that has taken the image in."""
    futures: dict[str, Future[Run]] = {}
    pool = ThreadPoolExecutor(host.at_once)
    try:
        for start in scenarios.starts(plan):
            futures[start.name] = pool.submit(_run, host, plan, image, start, futures.get(start.reuse or ""))
        for future in as_completed(futures.values()):
            if not future.exception():
                progress(_line(future.result()))
    finally:
        # Without waiting: what a thread waits for ends with the host, also when we are interrupted.
        pool.shutdown(wait=False, cancel_futures=True)
    runs: dict[str, Run] = {}
    limits = list(host.limits)
    for name, future in futures.items():
        try:
            runs[name] = future.result()
        except Outside as reason:
            limits.append(f"the start `{name}` could not be made: {reason.message}")
    return Observation(engine=host.name, image=image.digest, runs=runs, limits=(*limits, *_generated(plan)))


def _run(host: Host, plan: Plan, image: Image, start: Start, earlier: Future[Run] | None) -> Run:
    if earlier:
        wait([earlier])
    with host.start(start) as container:
        return probe.probe(container, plan, image.config.get("config") or {})


def _line(run: Run) -> str:
    if run.ready is not None:
        return f"start `{run.start.name}`: ready after {run.ready:.2f} s"
    how = "never answered" if run.exited is None else f"ended by itself with status {run.exited}"
    return f"start `{run.start.name}`: {how}"


def _generated(plan: Plan) -> Iterator[str]:
    for name, value in scenarios.generated(plan).items():
        yield f"`{name}` must be set and has no default: every start gave it `{value}`"

"""Image → Observation: what containers of it do, each started as a user would start it.

What the supervisor of namespaces needs not is imported late: it imports this package in an interpreter of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

from lading.errors import BadInput, Outside
from lading.model import Image, Observation, Plan, Progress, Request, Run
from lading.observe import docker, podman, unshare
from lading.observe.container import Engine, Host

ENGINES = dict[str, Engine](unshare=unshare, docker=docker, podman=podman)


def observe(
    plan: Plan,
    image: Image,
    *,
    engine: str,
    cache: Path,
    progress: Progress,
    requests: Sequence[Request] = (),
    uploads: Mapping[str, bytes] = MappingProxyType({}),
) -> Observation:
    """Start containers of `image` in every way that `scenarios` knows, and gather what they do.

    `engine` is a key of `ENGINES`, or `auto`: the first that can run here, namespaces before the engines that need a
    daemon, and a chroot, which shows least, last; where the plan has services, the engines that can start them come
    first. Where none can run there are no runs, and the limits say why. `requests` are the project's own, which send
    the files `uploads`.
    Raises `BadInput` for an engine that there is not, `Outside` when a named engine cannot run here.
    """
    from lading.observe import services

    if engine != "auto" and engine not in ENGINES:
        raise BadInput(f"there is no engine `{engine}`", hint=f"the engines are auto, {', '.join(ENGINES)}")
    order = (unshare.namespaces, docker.host, podman.host, unshare.chroot)
    if services.needed(plan):
        order = (docker.host, podman.host, unshare.namespaces, unshare.chroot)
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
            told = tuple(refusals) if services.needed(plan) and host.services is None else ()
            return observation(plan, image, host, progress=progress, requests=requests, uploads=uploads, told=told)
    return Observation(engine="none", image=image.digest, runs={}, limits=tuple(f"not run: {one}" for one in refusals))


def observation(
    plan: Plan,
    image: Image,
    host: Host,
    *,
    progress: Progress,
    requests: Sequence[Request] = (),
    uploads: Mapping[str, bytes] = MappingProxyType({}),
    told: Sequence[str] = (),
) -> Observation:
    """The same under an engine that has taken the image in; `told` is why those that start services could not."""
    from lading.observe import attempts, scenarios

    seen = attempts.Attempts(host=host, plan=plan, image=image, uploads=uploads)
    futures: dict[str, Future[Mapping[str, Run]]] = {}
    pool = ThreadPoolExecutor(host.at_once)
    runs: dict[str, Run] = {}
    limits = list(host.limits)
    try:
        for start in scenarios.starts(plan, requests):
            futures[start.name] = pool.submit(seen.make, start, futures.get(start.reuse or ""))
        for future in as_completed(futures.values()):
            if not future.exception():
                for run in future.result().values():
                    progress(_line(run))
        # When all others are done: they would be in each other's way.
        futures |= {"replica-1": pool.submit(seen.replicas)}
        for name, future in futures.items():
            try:
                runs |= {one: attempts.masked(host, run) for one, run in future.result().items()}
            except Outside as reason:
                limits.append(f"the start `{name}` could not be made: {reason.message}")
    finally:
        # Without waiting: what a thread waits for ends with the host, also when we are interrupted.
        pool.shutdown(wait=False, cancel_futures=True)
    kept, lost = attempts.needless(plan, host, runs, told)
    return Observation(
        engine=host.name, image=image.digest, runs=kept, services=host.services.images if host.services else (),
        absent=tuple(dict.fromkeys(one.kind for one in attempts.absent(plan, host))),
        limits=(*limits, *lost, *_generated(plan, host)),
    )  # fmt: skip


def _line(run: Run) -> str:
    if run.ready is not None:
        return f"start `{run.start.name}`: ready after {run.ready:.2f} s"
    if run.start.stamp and run.exited:
        return f"start `{run.start.name}`: refused its database with status {run.exited}, as it has to"
    how = "never answered" if run.exited is None else f"ended by itself with status {run.exited}"
    return f"start `{run.start.name}`: {how}"


def _generated(plan: Plan, host: Host) -> Iterator[str]:
    from lading.observe import scenarios

    served = host.services.environment("defaults") if host.services else {}
    for name, value in scenarios.generated(plan).items():
        if name not in served and name != "LADING_WAIT_SECONDS":
            yield f"`{name}` must be set and has no default: every start gave it `{value}`"

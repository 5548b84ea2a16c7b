"""The routes → those that say how the backend is: alive, ready, measured; and the one that a HEALTHCHECK asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lading.dependencies import installs
from lading.detect import metrics, route_answers, route_handlers, routes, services
from lading.detect.code import Code
from lading.detect.health_names import DEEP, NAMES
from lading.detect.objects import Object
from lading.model import Confidence, Fact, Route
from lading.settings import Settings
from lading.source import Source

_READY = re.compile(r"_?(?:is[-_])?(?:ready|readyz|readiness)(?:[-_]?check)?")
_STATUS = re.compile(r"(?:^|[-_])status$")


@dataclass(frozen=True, slots=True)
class Health:
    """What the routes say: the path for the HEALTHCHECK, every route that says how the backend is, and remarks."""

    path: Fact[str] | None
    routes: tuple[Fact[Route], ...]
    notes: tuple[Fact[str], ...]


@dataclass(frozen=True, slots=True)
class _Probe:
    path: str
    where: str
    touches: str  # what the handler asks in its turn: `session`, `redis`; empty: nothing
    guard: str
    ready: bool
    name: int  # in NAMES
    root: bool = False

    @property
    def rank(self) -> tuple[bool, int, bool, int, int, str]:
        says = 3 if self.root else 2 if self.name >= NAMES.index("status") else 1 if self.ready else 0
        return bool(self.guard), says, bool(self.touches), self.name, self.path.count("/"), self.path


def detect(code: Code, settings: Settings, application: Object | None) -> Fact[str] | None:
    """The path that answers 200 when all is well: the setting `health`, else a GET route that is called so."""
    return settings["health"] if settings.given("health") else read(code, application).path


def read(code: Code, application: Object | None) -> Health:
    """All that the routes below `application` say of how it is."""
    key = ("health", application.id if application else None)
    if key not in code.memo:
        code.memo[key] = _read(code, application)
    found: Health = code.memo[key]
    return found


def _read(code: Code, application: Object | None) -> Health:
    wholes = list(routes.full(code, application)) if application else []
    probes = sorted(_probes(code, wholes), key=lambda probe: probe.rank)
    usable = [probe for probe in probes if not probe.guard]
    facts = [
        Fact(Route(path=probe.path, kind="readiness" if probe.ready or probe.touches else "liveness",
                   guarded=bool(probe.guard)), probe.where, _sure(probe), key="ready" if probe.ready else "health")
        for probe in probes
    ]  # fmt: skip
    measured = tuple(metrics.read(code, wholes))
    chosen = usable[0] if usable else None
    path = Fact(chosen.path, chosen.where, _alive(chosen), tuple(_lost(probes, chosen)), "health") if chosen else None
    path = path or _asked(code)
    schema = None if path else metrics.schema(code, application)
    listed = (*dict.fromkeys(facts), *measured, *((schema,) if schema else ()))
    where = application.path if application else ""
    return Health(path, listed, tuple(_notes(probes, chosen, schema, where)) if chosen or not path else ())


_URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::[\w${}:-]+)?(/[\w./-]*)")


def _asked(code: Code) -> Fact[str] | None:
    """What the project's own image asks, `HEALTHCHECK CMD curl http://localhost:8000/about`."""
    for file in installs.dockerfiles(code.source):
        lines = code.source.read(file)[:200_000].decode(errors="replace").splitlines()
        for number, line in enumerate(lines):
            if re.match(r"\s*HEALTHCHECK\s", line):
                joined = [line]
                while joined[-1].endswith("\\") and number + len(joined) < len(lines):
                    joined.append(lines[number + len(joined)])
                if found := _URL.search(" ".join(joined)):
                    return Fact(found[1], f"{file}:{number + 1}", "likely", key="health")
    return None


def _probes(code: Code, wholes: Sequence[routes.Whole]) -> Iterator[_Probe]:
    for whole in wholes:
        parts = whole.path.lower().strip("/").split("/")
        name = parts[-1]
        if not whole.route.get or "{" in whole.path:
            continue
        deep = name in DEEP and len(parts) > 1 and parts[-2] in NAMES
        if not deep and name not in NAMES and not (whole.path == "/" and route_answers.plain(code, whole.route)):
            continue
        # `/subscriptions/status?url=…` tells the state of something else than the backend.
        told = _STATUS.search(name) is not None
        if not route_handlers.asks_nothing(whole.route, subject=told):
            continue
        if told and route_answers.about_more(code, whole.route):
            continue
        yield _Probe(
            path=whole.path,
            where=whole.route.where,
            touches=route_handlers.touches(code, whole),
            guard=route_handlers.guard(code, whole),
            ready=deep or _READY.fullmatch(name) is not None,
            name=NAMES.index(name) if name in NAMES else len(NAMES) + deep,
            root=whole.path == "/",
        )


def _sure(probe: _Probe) -> Confidence:
    """How sure it is that a route is of its kind: one that is called ready, and asks what it needs, is what it says."""
    if probe.ready and probe.touches:
        return "sure"
    return _alive(probe)


def _alive(probe: _Probe) -> Confidence:
    """How sure it is that a route says whether the process is alive."""
    if probe.root or NAMES.index("status") <= probe.name:
        return "guess" if probe.path.count("/") > 2 else "likely"
    return "likely" if probe.touches or probe.ready else "sure"


def _lost(probes: Sequence[_Probe], chosen: _Probe) -> Iterator[str]:
    for probe in probes:
        if probe is not chosen and (probe.path, probe.where) != (chosen.path, chosen.where):
            yield f"`{probe.path}` ({probe.where}): {_reason(probe) or 'its name says less, or it is deeper'}"


def _reason(probe: _Probe) -> str:
    said = [f"it asks for authentication, `{probe.guard}`"] if probe.guard else []
    said += ["it says whether it is ready"] if probe.ready else []
    said += [f"it touches `{probe.touches}`"] if probe.touches else []
    return ", ".join(said)


def _notes(
    probes: Sequence[_Probe], chosen: _Probe | None, schema: Fact[Route] | None, where: str
) -> Iterator[Fact[str]]:
    if chosen and (chosen.touches or chosen.ready):
        why = f": it asks `{chosen.touches}`" if chosen.touches else ""
        said = f"`{chosen.path}` says whether the backend is ready, and no other route whether it is alive{why}"
        yield Fact(said, chosen.where, "likely", key="health")
    if chosen is None and probes:
        probe = probes[0]
        yield Fact(
            f"`{probe.path}` cannot be the health check: it asks for authentication, `{probe.guard}`",
            probe.where,
            key="health",
        )
    if chosen is None and schema:
        yield Fact(
            f"no route says how it is: `{schema.value.path}` is asked instead", schema.because, "likely", key="health"
        )
    elif chosen is None:
        yield Fact("no route says how it is, and no schema is served: the port is asked", where, "likely", key="health")


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every route that was considered, the likeliest first, with what speaks against each."""
    from lading.detect import application

    code = services.choose(source, settings).code
    chosen = application.detect(code, settings)
    wholes = list(routes.full(code, chosen.object)) if chosen.object else []
    probes = sorted(_probes(code, wholes), key=lambda probe: probe.rank)
    lines = [f"{len(probes)} routes say how the backend is:"]
    lines += [f"  {probe.path} ({probe.where}){': ' if _reason(probe) else ''}{_reason(probe)}" for probe in probes]
    lines += [f"  {note.value} ({note.because})" for note in read(code, chosen.object).notes]
    return tuple(lines)

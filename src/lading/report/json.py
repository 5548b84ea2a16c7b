"""Report → JSON for programs: versioned, in a stable order, with no clock's time and no path of this machine.

What containers wrote to their logs stays out: nobody can say what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lading.checks import criteria
from lading.model import Image, Observation, Plan, Project, Report, Run, Verdict

#: Counted up when a field changes its meaning or goes; a new field keeps it.
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer without the place of its blob; sizes in bytes."""

    digest: str
    size: int
    unpacked: int
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The image; `size` is that of its uncompressed layers, in bytes."""

    digest: str
    platform: str
    size: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What one start was given, and how it began and ended."""

    name: str
    environment: Mapping[str, str]
    mount: str
    ready: float | None
    exited: int | None
    stopped: int | None
    stop_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The engine, the images of what ran beside, what could not be shown, and the starts."""

    engine: str
    services: tuple[str, ...]
    limits: tuple[str, ...]
    starts: tuple[Started, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A criterion with its verdict."""

    id: str
    title: str
    verdict: Verdict
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding."""

    check: str
    verdict: Verdict
    message: str
    where: str
    hint: str
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A report of lading."""

    version: int
    verdict: Verdict  # the worst of the criteria
    totals: Mapping[Verdict, int]  # verdict → criteria
    criteria: tuple[Judged, ...]
    findings: tuple[Found, ...]
    project: Project | None
    plan: Plan
    image: Made | None
    observation: Observed | None
    seconds: Mapping[str, float]


def render(report: Report, _width: int, _color: bool, /) -> str:  # noqa: FBT001 - as every format
    """`report` as JSON."""
    return encode(document(report))


def document(report: Report) -> Document:
    """What of `report` is told."""
    judged = tuple(
        Judged(
            id=one.id,
            title=one.title,
            verdict=criteria.worst(finding.verdict for finding in criteria.of(one, report.findings)),
            checks=one.checks,
        )
        for one in report.criteria
    )
    verdicts = [one.verdict for one in judged]
    return Document(
        version=VERSION,
        verdict=criteria.worst(verdicts),
        totals=criteria.totals(verdicts),
        criteria=judged,
        findings=tuple(
            Found(
                check=one.check,
                verdict=one.verdict,
                message=one.message,
                where=one.where,
                hint=one.hint,
                seconds=one.seconds,
            )
            for one in report.findings
        ),
        project=report.project,
        plan=report.plan,
        image=_made(report.image) if report.image else None,
        observation=_observed(report.observation) if report.observation else None,
        seconds=report.seconds,
    )


def encode(value: object) -> str:
    """Any noun of the model that holds neither bytes nor paths, as indented JSON, the keys of mappings sorted."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode()


def schema() -> dict[str, Any]:
    """The JSON schema of what `render` gives."""
    import msgspec

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A report of lading"}
    return {**dialect, **msgspec.json.schema(Document)}


def _made(image: Image) -> Made:
    layers = tuple(
        Layer(digest=layer.digest, size=layer.size, unpacked=layer.unpacked, made_by=layer.made_by)
        for layer in image.layers
    )
    return Made(digest=image.digest, platform=image.platform, size=image.size, layers=layers)


def _observed(observation: Observation) -> Observed:
    starts = tuple(_started(run) for run in observation.runs.values())
    return Observed(engine=observation.engine, services=observation.services, limits=observation.limits, starts=starts)


def _started(run: Run) -> Started:
    return Started(
        name=run.start.name,
        environment=run.start.environment,
        mount=run.start.mount,
        ready=run.ready,
        exited=run.exited,
        stopped=run.stopped,
        stop_seconds=run.stop_seconds,
    )

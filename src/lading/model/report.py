"""What we have to say: findings, criteria, and the report that holds everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lading.model.image import Image
from lading.model.plan import Plan
from lading.model.project import Project
from lading.model.run import Observation

Verdict = Literal["pass", "fail", "skip", "unknown", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check has to say. A skip and an unknown always carry their reason as the message."""

    check: str  # kebab-case, stable
    verdict: Verdict
    message: str  # the evidence: what was seen, against what was wanted
    where: str = ""  # path, path:line or path in the image
    hint: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A promise, and the checks that prove it together."""

    id: str
    title: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of the above in one value."""

    project: Project | None
    plan: Plan
    image: Image | None
    observation: Observation | None
    criteria: Sequence[Criterion]
    findings: Sequence[Finding]
    seconds: Mapping[str, float] = field(default_factory=dict)  # stage → wall time

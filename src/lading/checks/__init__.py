"""Evidence → findings, and findings → verdicts: what good looks like. Pure: nothing here reads, runs or prints.

To add a check, write one function in the module of its subject, with a docstring that says why, and name it in the
tuple at the bottom of the file.
"""

from __future__ import annotations

from collections.abc import Iterable

from lading.checks import (
    account,
    application,
    around,
    compose,
    compose_hardening,
    context,
    cors,
    criteria,
    debian,
    development,
    dockerfile,
    guide,
    handover,
    health,
    image,
    inputs,
    journey,
    locked,
    packages,
    programs,
    running,
    secrets,
    storage,
    understanding,
)
from lading.checks.criteria import CRITERIA
from lading.checks.evidence import Check, Evidence, ask, identifier
from lading.model import Criterion, Finding, Report, Verdict

__all__ = ["CHECKS", "CRITERIA", "Evidence", "around", "exit_status", "judge", "keep", "verdict"]

#: In the order in which they are reported and documented.
MODULES = (
    dockerfile, context, image, packages, secrets, running, cors, health, storage, application, journey, programs,
    handover, debian, account, inputs, locked, understanding, guide, development, compose, compose_hardening,
)  # fmt: skip

CHECKS: dict[str, Check] = {identifier(check): check for module in MODULES for check in module.CHECKS}


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """What every check says of `evidence`; what it lacks the evidence for is unknown, with the reason."""
    return tuple(finding for check in CHECKS.values() for finding in ask(check, evidence))


def keep(path: str) -> bool:
    """Whether the checks want to read the file at the absolute `path` of an image, beside its name and owner."""
    return path.endswith((".dist-info/METADATA", ".dist-info/RECORD")) or path == account.PASSWD or secrets.keep(path)


def verdict(criterion: Criterion, findings: Iterable[Finding]) -> Verdict:
    """The worst verdict of the checks of `criterion`. Raises `BadInput` for a check that there is not."""
    criteria.require_known((criterion,), CHECKS)
    return criteria.worst(finding.verdict for finding in criteria.of(criterion, findings))


def exit_status(report: Report) -> int:
    """0 when every criterion of `report` is proved, skipped or waived, 1 when one failed or is unknown.

    Raises `BadInput` for a criterion with a check that there is not.
    """
    criteria.require_known(report.criteria, CHECKS)
    return criteria.exit_status(report)

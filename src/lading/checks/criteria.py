"""Findings → the verdict of a criterion, and of a whole report.

A criterion is as good as the worst of its checks. A check that said nothing is unknown, and unknown is not a pass.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from lading.errors import BadInput
from lading.model import Criterion, Finding, Report, Verdict

#: The worst first.
ORDER: tuple[Verdict, ...] = ("fail", "unknown", "waived", "skip", "pass")

#: What holds for any project that does not bring criteria of its own.
CRITERIA = (
    Criterion(id="starts", title="Starts with no variable set", checks=("defaults-work",)),
    Criterion(id="healthy", title="Says that it is well, and fast", checks=("health-answers",)),
    Criterion(
        id="watched",
        title="Its HEALTHCHECK tells well from stalled",
        checks=(
            "healthcheck-declared", "healthcheck-passes", "healthcheck-follows-port", "healthcheck-fails-when-stalled",
        ),
    ),
    Criterion(
        id="configurable",
        title="Listens where its variables say",
        checks=("port-configures", "host-configures", "log-level-configures"),
    ),
    Criterion(id="cors", title="Lets browsers in from where its variable says", checks=("cors-configures",)),
    Criterion(
        id="migrated",
        title="Migrates before it serves",
        checks=("migrations-in-image", "migrations-applied", "migration-failure-opens-no-port"),
    ),
    Criterion(
        id="replicated", title="Serves from several containers at once", checks=("replicas-serve", "connections-fit"),
    ),
    Criterion(
        id="database",
        title="Keeps its rows where they last",
        checks=("sqlite-on-volume", "database-configures"),
    ),
    Criterion(id="switched", title="Runs on another database, too", checks=("database-switches",)),
    Criterion(
        id="durable", title="Writes its volume, and finds it again", checks=("volume-writable", "survives-recreation"),
    ),
    Criterion(
        id="works",
        title="Answers the project's own requests",
        checks=("requests-answered", "rerun-keeps-rows", "drains"),
    ),
    Criterion(
        id="works-beside",
        title="Works beside the server, too",
        checks=("worker-healthy", "worker-stops", "worker-drains"),
    ),
    Criterion(id="measured", title="Counts what it does", checks=("metrics-coherent",)),
    Criterion(
        id="unprivileged",
        title="Runs as an ordinary user",
        checks=("user-not-root", "user-uid", "process-not-root", "owners"),
    ),
    Criterion(id="read-only", title="Leaves its root as it is", checks=("read-only-root",)),
    Criterion(
        id="stops", title="Stops when it is told to", checks=("server-is-pid-1", "stops-in-time", "port-taken"),
    ),
    Criterion(
        id="complete",
        title="Has every production dependency",
        checks=("production-dependencies", "system-packages-needed", "python-environment"),
    ),
    Criterion(id="locked", title="Has what the lock pins", checks=("wheels-complete",)),
    Criterion(id="packaged", title="Its build back end finds what it reads", checks=("build-inputs-in-context",)),
    Criterion(
        id="lean",
        title="Holds nothing that only a developer needs",
        checks=(
            "no-development-dependencies", "no-build-tools", "no-headers", "no-forbidden-files",
            "no-forbidden-files-after-traffic",
        ),
    ),
    Criterion(id="small", title="Is under its size limit", checks=("size",)),
    Criterion(id="secret-free", title="Holds no secret, in no layer", checks=("no-secret-in-layers",)),
    Criterion(
        id="context",
        title="The builder gets what it needs, no more",
        checks=(
            "ignore-covers", "ignore-leaks-nothing", "ignore-keeps-needed", "ignore-is-read", "data-not-in-context",
        ),
    ),
    Criterion(
        id="staged", title="The Dockerfile ships no build stage", checks=("two-stages", "final-stage-copies-artefacts"),
    ),
)  # fmt: skip


#: Checks that hold where a project's own criteria ask for them, most of what stands beside the image: how somebody
#: develops is no reason to call an image bad, nor is a harm that hangs on what no container shows. What they found is
#: said all the same.
ASIDE = (
    "cors-safe",
    "understood-without-questions",
    "documentation-true",
    "dev-stage",
    "reload-serves-edits",
    "debugger-attaches",
    "compose-valid",
    "compose-health",
    "compose-network",
    "compose-covers-services",
    "compose-volumes",
    "compose-ports",
    "compose-hardened",
    "compose-secrets",
    "compose-pinned-images",
)


def require_known(criteria: Iterable[Criterion], known: Iterable[str]) -> None:
    """Raises `BadInput` for a criterion with a check that there is not, with the nearest one, or with none at all."""
    names = tuple(known)
    for criterion in criteria:
        if not criterion.checks:
            raise BadInput(f"the criterion `{criterion.id}` has no checks", hint="docs/checks.md lists them all")
        for check in criterion.checks:
            if check not in names:
                near = difflib.get_close_matches(check, names, n=1)
                hint = f"did you mean `{near[0]}`?" if near else "docs/checks.md lists them all"
                raise BadInput(f"the criterion `{criterion.id}` names `{check}`, and there is no such check", hint=hint)


def of(criterion: Criterion, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of `criterion`'s checks, in the order of its checks; the missing ones as unknown."""
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        by_check.setdefault(finding.check, []).append(finding)
    silent = "the check did not run"
    return tuple(
        finding
        for check in criterion.checks
        for finding in by_check.get(check) or [Finding(check=check, verdict="unknown", message=silent)]
    )


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; of none it is unknown."""
    return min(verdicts, key=ORDER.index, default="unknown")


def exit_status(report: Report) -> int:
    """0 when no criterion failed or is unknown, else 1."""
    verdicts = (worst(finding.verdict for finding in of(one, report.findings)) for one in report.criteria)
    return int(any(verdict in {"fail", "unknown"} for verdict in verdicts) or not report.criteria)


def totals(verdicts: Sequence[Verdict]) -> dict[Verdict, int]:
    """How often each verdict was given, the best first, those that were not left out."""
    return {verdict: verdicts.count(verdict) for verdict in reversed(ORDER) if verdict in verdicts}

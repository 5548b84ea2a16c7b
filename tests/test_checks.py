"""The checks together: the good image passes, the seed's own does not, and what is unknown is no pass."""

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
import test_checks_beside
import test_checks_claims
import test_checks_compose
import test_checks_files
import test_checks_running
import values
import values_stack
from values import GOOD, PLAN, RUNS, configured, file, folder, metadata

from lading import checks
from lading.checks import CHECKS, CRITERIA, MODULES, Evidence, criteria, documentation, evidence
from lading.errors import BadInput
from lading.model import Answer, Criterion, Finding, Image, Outcome, Process, Report, Run, Verdict

DOCS = Path(__file__).parent.parent / "docs" / "checks.md"

#: The identifiers that criteria, documents and users' settings name: one may be added, none changed.
FIXED = (
    "two-stages",
    "final-stage-copies-artefacts",
    "no-build-tools",
    "production-dependencies",
    "no-development-dependencies",
    "no-forbidden-files",
    "no-forbidden-files-after-traffic",
    "ignore-covers",
    "ignore-leaks-nothing",
    "ignore-keeps-needed",
    "user-not-root",
    "process-not-root",
    "owners",
    "volume-writable",
    "health-answers",
    "healthcheck-declared",
    "healthcheck-passes",
    "healthcheck-follows-port",
    "healthcheck-fails-when-stalled",
    "size",
    "defaults-work",
    "port-configures",
    "cors-configures",
    "cors-safe",
    "host-configures",
    "database-configures",
    "migrations-in-image",
    "migrations-applied",
    "connections-fit",
    "sqlite-on-volume",
    "no-secret-in-layers",
    "stops-in-time",
    "survives-recreation",
    "read-only-root",
    "server-is-pid-1",
    "log-level-configures",
    "port-taken",
    "migration-failure-opens-no-port",
    "replicas-serve",
    "requests-answered",
    "rerun-keeps-rows",
    "database-switches",
    "drains",
    "worker-healthy",
    "worker-stops",
    "worker-drains",
    "metrics-coherent",
    "system-packages-needed",
    "no-headers",
    "user-uid",
    "python-environment",
    "build-inputs-in-context",
    "data-not-in-context",
    "ignore-is-read",
    "wheels-complete",
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


def report(findings: tuple[Finding, ...], wanted: tuple[Criterion, ...]) -> Report:
    return Report(project=None, plan=PLAN, image=None, observation=None, criteria=wanted, findings=findings, seconds={})


def finding(check: str, verdict: Verdict) -> Finding:
    return Finding(check=check, verdict=verdict, message="seen")


# ── the good ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_good_image_passes_every_check() -> None:
    skipped = {"build-inputs-in-context", *values_stack.BESIDE}  # the project itself is not installed
    wanted = [(check, "skip" if check in skipped else "pass") for check in CHECKS]
    assert [(one.check, one.verdict) for one in checks.judge(GOOD)] == wanted


@pytest.mark.parametrize("name", list(values_stack.BESIDE))
def test_with_services_beside_it_the_good_image_passes_what_it_skipped(name: str) -> None:
    assert [one.verdict for one in evidence.ask(CHECKS[name], values_stack.BESIDE[name])] == ["pass"]


def test_evidence_fits_on_a_line() -> None:
    assert [one.message for one in checks.judge(GOOD) if len(one.message) > 100] == []


def test_every_check_is_known_by_its_fixed_identifier() -> None:
    assert sorted(CHECKS) == sorted(FIXED)


def test_every_check_is_seen_to_fail() -> None:
    read = {case.check for case in test_checks_files.CASES if case.said[0].startswith("fail ")}
    ran = {case.check for case in test_checks_running.CASES if case.said[0].startswith("fail ")}
    beside = {case.check for case in test_checks_beside.CASES if case.said[0].startswith("fail ")}
    composed = {case.check for case in test_checks_compose.CASES if case.said[0].startswith("fail ")}
    claimed = {case.check for case in test_checks_claims.CASES if case.said[0].startswith("fail ")}
    assert read | ran | beside | composed | claimed == set(CHECKS)


@pytest.mark.parametrize("name", list(CHECKS))
def test_without_evidence_nothing_passes(name: str) -> None:
    plan = values_stack.BESIDE[name].plan if name in values_stack.BESIDE else PLAN
    bare = Evidence(
        project=None, plan=plan, dockerfile=None, ignore=None, tree=(), image=None, contents=None, observation=None
    )
    assert {one.verdict for one in evidence.ask(CHECKS[name], bare)} == {"unknown"}


# ── the seed's own ───────────────────────────────────────────────────────────────────────────────────────────────────

#: S0's Dockerfile in our words: two stages, but the files copied are owned afterwards, the user is a name, the check
#: is curl's, and the port is a literal.
SEED_DOCKERFILE = """\
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt

FROM python:3.12-slim AS final
RUN useradd --create-home appuser
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY app ./app
COPY migrations ./migrations
COPY alembic.ini ./
RUN chown --recursive appuser:appuser /app
USER appuser
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 \\
  CMD curl --fail http://localhost:8000/health || exit 1
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
"""

SEED_IGNORE = "tests/\n__pycache__/\n*.pyc\n.pytest_cache/\n.git/\n*.md\n.env*\n.venv/\n.vscode/\n.idea/\n"


def seed() -> Evidence:
    """What that Dockerfile makes, and what its containers do: as measured, in the research on the seeds."""
    copied = (
        folder("/app"),
        folder("/app/app"),
        file("/app/app/main.py", "app = FastAPI()\n"),
        file("/app/app/.env", "A=b"),
    )
    owned = tuple(replace(one, uid=1000, gid=1000) for one in copied)
    config = {
        "User": "appuser",
        "Env": ["PATH=/opt/venv/bin:/usr/bin:/bin"],
        "Cmd": ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"],
        "Healthcheck": {
            "Test": ["CMD-SHELL", "curl --fail http://localhost:8000/health || exit 1"],
            "Interval": 30 * values.SECOND,
            "Timeout": 10 * values.SECOND,
            "StartPeriod": 5 * values.SECOND,
            "Retries": 3,
        },
    }
    absent = Outcome(argv=("/bin/sh",), status=127, output="sh: curl: not found", seconds=0.01)
    denied = Outcome(argv=("touch",), status=1, output="Permission denied", seconds=0.01)

    def ran(run: Run) -> Run:
        process = Process(
            pid=1, uid=1000, gid=1000, argv=("/opt/venv/bin/python", "/opt/venv/bin/uvicorn", "app.main:app")
        )
        made = replace(
            run, health=absent, stalled=run.stalled and absent, writes={"/data": denied}, processes=(process,)
        )
        made = replace(made, volume=(), revisions={}, written=("/app/tasks.db", "/app/app/__pycache__/main.pyc"))
        return replace(made, ready=None, answers=()) if run.start.name == "port" else replace(made, refused=())

    assert GOOD.observation is not None
    database = replace(values.DATABASE, url="sqlite:///./tasks.db")
    return replace(
        configured(**config, Entrypoint=None),
        plan=replace(
            PLAN,
            env={},
            database=database,
            dependencies=replace(
                values.DEPENDENCIES, requirements=("fastapi[standard]", "uvicorn[standard]", "sqlalchemy", "alembic")
            ),
        ),
        dockerfile=SEED_DOCKERFILE,
        ignore=SEED_IGNORE,
        tree=(*values.TREE, "app/.env"),
        contents=values.contents(
            values.BASE, (*values.WHEELS, metadata("httpx", "0.28.1"), metadata("pip", "25.0")), copied, owned
        ),
        observation=replace(GOOD.observation, runs={name: ran(run) for name, run in RUNS.items() if name != "newer"}),
    )


def test_the_seeds_own_dockerfile_fails_what_it_must() -> None:
    findings = checks.judge(seed())
    verdicts = {name: criteria.worst(one.verdict for one in findings if one.check == name) for name in CHECKS}
    assert [check for check, verdict in verdicts.items() if verdict not in {"pass", "skip"}] == [
        "ignore-covers",
        "ignore-leaks-nothing",
        "user-not-root",
        "owners",
        "no-forbidden-files",
        "no-forbidden-files-after-traffic",
        "no-development-dependencies",
        "port-configures",
        "host-configures",
        "log-level-configures",
        "healthcheck-declared",
        "healthcheck-passes",
        "healthcheck-follows-port",
        "volume-writable",
        "survives-recreation",
        "read-only-root",
        "sqlite-on-volume",
        "database-configures",
        "migrations-in-image",
        "migrations-applied",
        "migration-failure-opens-no-port",
        "rerun-keeps-rows",
        "user-uid",
        "python-environment",
        "data-not-in-context",
    ]  # fmt: skip


def test_of_the_seeds_criteria_its_own_dockerfile_meets_three() -> None:
    findings = checks.judge(seed())
    met = [one.id for one in values.S0 if checks.verdict(one, findings) == "pass"]
    assert met == ["S0-1", "S0-6", "S0-8"]


# ── verdicts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (("pass", "pass"), "pass"),
        (("pass", "skip"), "skip"),
        (("skip", "waived"), "waived"),
        (("waived", "unknown"), "unknown"),
        (("unknown", "fail"), "fail"),
        ((), "unknown"),
    ],
)
def test_a_criterion_is_as_good_as_its_worst_check(verdicts: tuple[Verdict, ...], worst: Verdict) -> None:
    criterion = Criterion(id="one", title="One", checks=("size",))
    assert checks.verdict(criterion, [finding("size", verdict) for verdict in verdicts]) == worst


def test_a_check_that_said_nothing_makes_its_criterion_unknown() -> None:
    criterion = Criterion(id="one", title="One", checks=("size", "owners"))
    assert checks.verdict(criterion, [finding("size", "pass")]) == "unknown"


def test_a_check_that_there_is_not_is_refused_with_the_nearest() -> None:
    criterion = Criterion(id="mine", title="Mine", checks=("size", "helth-answers"))
    with pytest.raises(BadInput) as refused:
        checks.verdict(criterion, [])
    assert refused.value.message == "the criterion `mine` names `helth-answers`, and there is no such check"
    assert refused.value.hint == "did you mean `health-answers`?"


def test_a_criterion_without_checks_is_refused() -> None:
    with pytest.raises(BadInput, match="the criterion `mine` has no checks"):
        checks.exit_status(report((), (Criterion(id="mine", title="Mine", checks=()),)))


@pytest.mark.parametrize(("verdict", "status"), [("pass", 0), ("skip", 0), ("waived", 0), ("unknown", 1), ("fail", 1)])
def test_only_what_is_neither_failed_nor_unknown_exits_well(verdict: Verdict, status: int) -> None:
    wanted = (Criterion(id="one", title="One", checks=("size",)),)
    assert checks.exit_status(report((finding("size", verdict),), wanted)) == status


def test_what_no_criterion_names_does_not_decide() -> None:
    wanted = (Criterion(id="one", title="One", checks=("size",)),)
    assert checks.exit_status(report((finding("size", "pass"), finding("owners", "fail")), wanted)) == 0


def test_no_criteria_prove_nothing() -> None:
    assert checks.exit_status(report((finding("size", "pass"),), ())) == 1


def test_our_own_criteria_name_every_check_once_but_those_that_are_aside() -> None:
    named = [check for one in CRITERIA for check in one.checks]
    assert sorted([*named, *criteria.ASIDE]) == sorted(CHECKS)


# ── evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_check_names_evidence_that_there_is(name: str) -> None:
    taken = set(evidence.needs(CHECKS[name]))
    assert taken <= {*inspect.signature(Evidence).parameters, *RUNS, "postgresql"}


def test_a_file_that_no_builder_reads_is_a_failure_and_no_error() -> None:
    def strange(plan: object) -> Finding:
        raise BadInput("cannot be read", where="Dockerfile:3", hint="mend it")

    assert evidence.ask(strange, GOOD) == (
        Finding(check="strange", verdict="fail", message="cannot be read", where="Dockerfile:3", hint="mend it"),
    )


def test_an_unusual_image_configuration_is_judged_and_breaks_nothing() -> None:
    for config in ({}, {"config": None, "history": None}, {"config": {"Env": None, "Healthcheck": {"Test": None}}}):
        image = Image(digest="sha256:0", platform="linux/amd64", config=config, layers=values.IMAGE.layers)
        verdicts = {one.check: one.verdict for one in checks.judge(replace(GOOD, image=image))}
        assert verdicts["user-not-root"] == "fail"
        assert verdicts["healthcheck-declared"] == "fail"
        assert verdicts["no-secret-in-layers"] == "pass"


def test_the_first_answer_counts_where_the_route_failed_once() -> None:
    good, bad = (
        RUNS["defaults"].answers[0],
        Answer(path="/health", status=None, body="", seconds=5.0, error="timed out"),
    )
    (said,) = evidence.ask(CHECKS["health-answers"], values.observed("defaults", answers=(good, bad)))
    assert (said.verdict, said.message) == ("fail", "GET /health got no answer: timed out")


# ── documentation ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_check_says_what_it_holds_and_by_what_source(name: str) -> None:
    text = inspect.getdoc(CHECKS[name]) or ""
    assert text.partition("\n")[0].endswith(".")
    assert "ource: " in text or name == "no-forbidden-files-after-traffic"


def test_the_document_is_made_of_the_docstrings(update: bool) -> None:
    """`pytest tests/test_checks.py --update` writes it anew."""
    text = documentation.markdown(MODULES, CRITERIA)
    if update:
        DOCS.write_text(text)
    assert DOCS.read_text() == text

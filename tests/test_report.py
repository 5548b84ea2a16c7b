"""Reports, whole: what a person reads at 100 columns, and what a program gets."""

import json as standard
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import values
from values import GOOD, IMAGE, OBSERVATION, PLAN, PROJECT

from lading import checks
from lading.checks import Evidence
from lading.model import Criterion, Finding, Observation, Report
from lading.report import REPORTS, json, plan, project, terminal

DOCS = Path(__file__).parent.parent / "docs"
EXPECTED = Path(__file__).parent / "expected_reports"
SECONDS = {"plan": 0.12, "build": 1.2, "observe": 2.8, "judge": 0.05}


def report(given: Evidence, wanted: tuple[Criterion, ...] = values.S0) -> Report:
    return Report(
        project=given.project,
        plan=given.plan,
        image=given.image,
        observation=given.observation,
        criteria=wanted,
        findings=checks.judge(given),
        seconds=SECONDS,
    )


GOOD_REPORT = report(GOOD)

#: A failure with several findings, an unknown, a waiver, a skip, a failure that no criterion names, a hostile message.
MIXED = Report(
    project=None,
    plan=PLAN,
    image=IMAGE,
    observation=Observation(
        engine="unshare (chroot)", image=IMAGE.digest, runs={}, limits=("the network is the machine's",)
    ),
    criteria=(
        Criterion(id="lean", title="Holds nothing that only a developer needs", checks=("no-build-tools", "owners")),
        Criterion(id="stops", title="Stops when it is told to", checks=("stops-in-time",)),
        Criterion(id="small", title="Is under its size limit", checks=("size",)),
        Criterion(id="migrated", title="Migrates before it serves", checks=("migrations-applied",)),
        Criterion(id="starts", title="Starts with no variable set", checks=("defaults-work",)),
    ),
    findings=(
        Finding(
            check="no-build-tools",
            verdict="fail",
            message="1 compiler in the image: `/usr/bin/gcc`",
            where="/usr/bin/gcc",
            hint="build in an earlier stage",
        ),
        *(
            Finding(check="owners", verdict="fail", message="belongs to 0:0", where=f"/app/{name}", hint="COPY --chown")
            for name in "abcdefg"
        ),
        Finding(check="stops-in-time", verdict="unknown", message="no start got as far as to be stopped"),
        Finding(check="size", verdict="waived", message="209 MB of 200 MB in 9 layers, until the next release"),
        Finding(check="migrations-applied", verdict="skip", message="there are no migrations"),
        Finding(check="defaults-work", verdict="pass", message="answered [standard] \x1b[31mred\nline", seconds=130.0),
        Finding(check="no-secret-in-layers", verdict="fail", message="a private key in layer 2 of 3", where="/a.pem"),
    ),
    seconds={},
)


def expected(path: Path, text: str, update: bool) -> None:
    """Compare with what is written at `path`; `--update` writes it anew."""
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text


def test_a_proved_image_is_shown_with_all_its_evidence(update: bool) -> None:
    expected(EXPECTED / "report-good.txt", terminal.render(GOOD_REPORT, 100, False), update)


def test_what_failed_is_told_first_and_with_what_to_do(update: bool) -> None:
    expected(EXPECTED / "report-mixed.txt", terminal.render(MIXED, 100, False), update)


def test_what_ran_beside_is_named_with_the_engine() -> None:
    beside = replace(OBSERVATION, engine="docker 29.1", services=("postgres:16", "redis:7"))
    text = terminal.render(replace(GOOD_REPORT, observation=beside), 100, False)
    assert "engine: docker 29.1, with postgres:16, redis:7\n" in text


def test_the_project_is_shown_with_what_told_us(update: bool) -> None:
    expected(EXPECTED / "project.txt", project.text(PROJECT, 100, False), update)


def test_what_was_not_found_is_said_too(update: bool) -> None:
    bare = replace(
        PROJECT, python=None, server=None, health=None, environment=(), host=None, port=None, database=None,
        migrations=None,
    )  # fmt: skip
    expected(EXPECTED / "project-bare.txt", project.text(bare, 100, False), update)


def test_the_plan_is_shown_with_what_decided_it(update: bool) -> None:
    expected(EXPECTED / "plan.txt", plan.text(PLAN, 100, False), update)


def test_a_report_is_data_for_programs(update: bool) -> None:
    expected(EXPECTED / "report-good.json", REPORTS["json"].render(GOOD_REPORT, 100, False) + "\n", update)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("given", [GOOD_REPORT, MIXED], ids=["good", "mixed"])
def test_no_line_is_wider_than_the_terminal_or_than_120(given: Report, width: int) -> None:
    lines = terminal.render(given, width, False).splitlines()
    assert max(map(len, lines)) <= min(width, 120)
    assert [line for line in lines if line != line.rstrip()] == []


def test_the_evidence_is_all_there_however_narrow_the_terminal_is() -> None:
    def letters(text: str) -> str:
        return re.sub(r"\s", "", text)

    narrow = letters(terminal.render(GOOD_REPORT, 60, False))
    assert [one.check for one in GOOD_REPORT.findings if named(one) and letters(one.message)[:18] not in narrow] == []


def named(finding: Finding) -> bool:
    return any(finding.check in one.checks for one in GOOD_REPORT.criteria)


def test_colour_adds_codes_and_changes_no_word() -> None:
    plain, coloured = (terminal.render(MIXED, 100, color) for color in (False, True))
    codes = re.compile(r"\x1b\[[0-9;]*m")
    assert codes.findall(plain) == []
    assert codes.search(coloured)
    assert [line.rstrip() for line in codes.sub("", coloured).splitlines()] == plain.splitlines()


def test_the_process_own_terminal_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = terminal.render(MIXED, 100, False)
    for name, value in {"COLUMNS": "40", "FORCE_COLOR": "1", "TERM": "dumb", "TTY_COMPATIBLE": "1"}.items():
        monkeypatch.setenv(name, value)
    assert terminal.render(MIXED, 100, False) == plain


def test_a_secret_default_is_not_shown() -> None:
    text = project.text(PROJECT, 100, False) + plan.text(
        replace(PLAN, env={"DATABASE_URL": "postgresql://app:hunter22@db/x"}), 100, False
    )
    assert "hunter22" not in text
    assert "postgresql://app:…@db/x" in text


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("given", [GOOD_REPORT, MIXED], ids=["good", "mixed"])
def test_json_is_as_its_schema_says(given: Report) -> None:
    jsonschema.validate(standard.loads(json.render(given, 100, False)), json.schema())


def test_the_schema_bites() -> None:
    found = standard.loads(json.render(GOOD_REPORT, 100, False))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "verdict": "fine"}, json.schema())


def test_the_schema_is_in_the_documents(update: bool) -> None:
    text = standard.dumps(json.schema(), indent=2, ensure_ascii=False) + "\n"
    expected(DOCS / "report.schema.json", text, update)


def test_json_does_not_depend_on_the_order_of_a_mapping() -> None:
    turned = replace(
        PLAN, env=dict(reversed(list(PLAN.env.items()))), because=dict(reversed(list(PLAN.because.items())))
    )
    assert json.render(replace(GOOD_REPORT, plan=turned), 100, False) == json.render(GOOD_REPORT, 100, False)


def test_json_has_neither_logs_nor_places_of_this_machine() -> None:
    text = json.render(replace(GOOD_REPORT, observation=OBSERVATION), 100, False)
    assert [word for word in ("layer.tar.gz", "blob", '"log"', "started") if word in text] == []


def test_json_says_the_worst_verdict_and_the_totals() -> None:
    found = standard.loads(json.render(MIXED, 100, False))
    assert (found["version"], found["verdict"]) == (1, "fail")
    assert found["totals"] == {"pass": 1, "skip": 1, "waived": 1, "unknown": 1, "fail": 1}

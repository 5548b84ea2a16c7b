"""Every builder's image under every engine: the example meets all of its criteria, and a spoiled copy does not."""

import shutil
from pathlib import Path

import pytest

import lading
from lading import checks

KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\\n" + "MIIEpAIBAAKCAQEA" * 4
EXAMPLE = Path(__file__).parent.parent / "examples" / "task-list"


def verdicts(report: lading.Report) -> dict[str, str]:
    return {criterion.id: checks.verdict(criterion, report.findings) for criterion in report.criteria}


def failures(report: lading.Report) -> list[str]:
    return [f"{finding.check}: {finding.message}" for finding in report.findings if finding.verdict != "pass"]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("builder", "engine"),
    [("native", "docker"), ("native", "podman"), ("docker", "docker"), ("docker", "podman"), ("docker", "unshare")],
)
def test_every_criterion_holds(builder: str, engine: str) -> None:
    report = lading.ship(EXAMPLE, {"builder": builder, "engine": engine})
    assert set(verdicts(report).values()) == {"pass"}, failures(report)


@pytest.mark.network
@pytest.mark.namespaces
def test_every_criterion_holds_with_nothing_but_python() -> None:
    report = lading.ship(EXAMPLE, {"engine": "unshare"})
    assert set(verdicts(report).values()) == {"pass"}, failures(report)


@pytest.mark.network
@pytest.mark.namespaces
@pytest.mark.parametrize(
    ("path", "old", "new", "broken"),
    [
        ("app/routers/health.py", "healthy", "poorly", {"health-answers"}),
        ("app/config.py", '"""Everything', f'KEY = "{KEY}"\n"""Everything', {"no-secret-in-layers"}),
        # A path that no variable moves: a link leads it to the volume.
        (
            "app/config.py",
            'os.environ.get("DATABASE_URL", "sqlite:///./tasks.db")',
            '"sqlite:///./tasks.db"',
            {"database-configures", "documentation-true"},
        ),
    ],
)
def test_a_spoiled_backend_is_found(path: str, old: str, new: str, broken: set[str], tmp_path: Path) -> None:
    copy = tmp_path / "task-list"
    shutil.copytree(EXAMPLE, copy)
    text = (copy / path).read_text()
    assert old in text
    (copy / path).write_text(text.replace(old, new, 1))
    report = lading.ship(copy, {"engine": "unshare"})
    assert {finding.check for finding in report.findings if finding.verdict == "fail"} == broken, failures(report)
    assert checks.exit_status(report) == 1

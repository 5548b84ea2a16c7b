"""How many processes: what is said, what the cgroup allows; and where they add their metrics up."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from standins import PLAN, Container

from lading.launcher import serving
from lading.launcher.log import Stop
from lading.model import Program, Serving

MIB = 1 << 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("planned", "given", "count"), [(1, None, "1"), (3, None, "3"), (3, "", "3"), (3, "5", "5"), (1, "999", "999")]
)
def test_the_variable_has_the_last_word(container: Container, planned: int, given: str | None, count: str) -> None:
    container.install(replace(PLAN, server=Serving(workers=planned)))
    env = {} if given is None else {"WEB_CONCURRENCY": given}
    assert container.run("serve", **env) == (0, "")
    (call,) = container.called()
    assert call["argv"][call["argv"].index("--workers") + 1] == count
    assert call["env"]["WEB_CONCURRENCY"] == count


@pytest.mark.slow
@pytest.mark.parametrize("bad", ["0", "-1", "1.5", "1000", "AUTO", " 2", "two"])
def test_what_is_no_number_of_processes_is_refused(container: Container, bad: str) -> None:
    said = f"lading: WEB_CONCURRENCY is `{bad}`, and must be a number of processes, 1 or more, or auto\n"
    assert container.run("serve", WEB_CONCURRENCY=bad) == (2, said)
    assert container.called() == []


@pytest.mark.slow
def test_auto_is_said_and_never_reaches_the_server(container: Container) -> None:
    """Gunicorn and Uvicorn read the variable themselves, and would not start with the word."""
    status, said = container.run("serve", WEB_CONCURRENCY="auto")
    env = container.called()[0]["env"]
    assert status == 0
    assert said.startswith(f"lading: {env['WEB_CONCURRENCY']} process")
    assert int(env["WEB_CONCURRENCY"]) >= 1


@pytest.mark.slow
def test_a_worker_takes_what_the_cgroup_allows_unless_it_is_told(container: Container) -> None:
    program = Program(name="mail", kind="celery", role="worker", target="jobs:app")
    container.install(replace(PLAN, server=Serving(workers=7), programs=(program,)))
    assert container.run("worker", WEB_CONCURRENCY="2") == (0, "")
    assert container.run("worker")[1].startswith("lading: ")
    told, allowed = (call["argv"][call["argv"].index("--concurrency") + 1] for call in container.called())
    assert (told, int(allowed) != 7) == ("2", True)


# ── the cgroup ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 processors, all of which may be used."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))


V1 = {"cpu/cpu.cfs_period_us": "100000\n"}


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("files", "memory", "found"),
    [
        ({}, 200 * MIB, (1, "the cgroup limits no processor")),
        ({"cpu.max": "max 100000\n", "memory.max": "max\n"}, 200 * MIB, (1, "the cgroup limits no processor")),
        ({"cpu.max": "400000 100000\n"}, 200 * MIB, (4, "the cgroup allows 4 processors")),
        ({"cpu.max": "250000 100000\n"}, 200 * MIB, (2, "the cgroup allows 2.5 processors")),
        ({"cpu.max": "50000 100000\n"}, 200 * MIB, (1, "the cgroup allows 0.5 processors")),
        ({"cpu.max": "1000 100000\n"}, 200 * MIB, (1, "the cgroup allows 0.01 processors")),
        ({"cpu.max": "800000 100000\n", "memory.max": f"{1024 * MIB}\n"}, 200 * MIB,
         (5, "the cgroup allows 1024 MiB, 200 for each")),
        ({"cpu.max": "800000 100000\n", "memory.max": f"{128 * MIB}\n"}, 200 * MIB,
         (1, "the cgroup allows 128 MiB, 200 for each")),
        ({"cpu.max": "200000 100000\n", "memory.max": f"{4096 * MIB}\n"}, 200 * MIB,
         (2, "the cgroup allows 2 processors")),
        ({**V1, "cpu/cpu.cfs_quota_us": "300000\n"}, 200 * MIB, (3, "the cgroup allows 3 processors")),
        ({**V1, "cpu/cpu.cfs_quota_us": "-1\n"}, 200 * MIB, (1, "the cgroup limits no processor")),
        ({**V1, "cpu/cpu.cfs_quota_us": "400000\n", "memory/memory.limit_in_bytes": f"{500 * MIB}\n"}, 200 * MIB,
         (2, "the cgroup allows 500 MiB, 200 for each")),
        ({**V1, "cpu/cpu.cfs_quota_us": "400000\n", "memory/memory.limit_in_bytes": "9223372036854771712\n"},
         200 * MIB, (4, "the cgroup allows 4 processors")),
    ],
)  # fmt: skip
def test_the_cgroup_has_room_for(tmp_path: Path, files: Mapping[str, str], memory: int, found: tuple[int, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert serving.allowed(memory, str(tmp_path)) == found


def test_processors_that_may_not_be_used_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docker run --cpuset-cpus`: no quota, and fewer processors than the machine has."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 4, 5})
    assert serving.allowed(MIB, str(tmp_path)) == (3, "3 processors may be used")


# ── metrics of several processes ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_metrics_of_a_former_start_are_forgotten_and_nothing_else(container: Container) -> None:
    folder = container.root / "metrics"
    folder.mkdir()
    for name in ("counter_7.db", "gauge_live_8.db", "notes.txt"):
        (folder / name).write_text("x")
    (folder / "kept.db.d").mkdir()
    assert container.run("serve", PROMETHEUS_MULTIPROC_DIR=str(folder)) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == ["kept.db.d", "notes.txt"]


@pytest.mark.slow
def test_the_folder_is_made_and_passed_on(container: Container) -> None:
    folder = container.root / "deep" / "metrics"
    assert container.run("serve", PROMETHEUS_MULTIPROC_DIR=str(folder)) == (0, "")
    assert folder.is_dir()
    assert container.called()[0]["env"]["PROMETHEUS_MULTIPROC_DIR"] == "/deep/metrics"


@pytest.mark.slow
@pytest.mark.parametrize("role", ["migrate", "run"])
def test_only_a_server_forgets_them(container: Container, role: str) -> None:
    """`docker exec … run -- …` beside a server that counts."""
    (container.root / "counter_7.db").touch()
    arguments = ("--", "true") if role == "run" else ()
    assert container.run(role, *arguments, PROMETHEUS_MULTIPROC_DIR=str(container.root)) == (0, "")
    assert (container.root / "counter_7.db").exists()


@pytest.mark.slow
def test_a_folder_that_cannot_be_made_stops_us(container: Container) -> None:
    (container.root / "file").touch()
    said = "lading: PROMETHEUS_MULTIPROC_DIR: /file/x cannot be emptied: Not a directory\n"
    assert container.run("serve", PROMETHEUS_MULTIPROC_DIR=f"{container.root}/file/x") == (2, said)
    said = "lading: PROMETHEUS_MULTIPROC_DIR: /sys/lading cannot be emptied: "
    status, found = container.run("serve", PROMETHEUS_MULTIPROC_DIR="/sys/lading")
    assert (status, found.startswith(said)) == (2, True)


@pytest.mark.parametrize(("metrics", "count", "found"), [(True, 2, True), (True, 1, False), (False, 2, False)])
def test_only_several_processes_with_metrics_need_one(
    metrics: bool, count: int, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(os, "makedirs", lambda path, **_: made.append(path))
    monkeypatch.setattr(os, "listdir", lambda _: [])
    monkeypatch.setattr(os, "access", lambda *_: True)
    env: dict[str, str] = {}
    serving.metrics({"metrics": metrics}, env, count)
    assert (made, env) == (
        (["/tmp/prometheus"], {"PROMETHEUS_MULTIPROC_DIR": "/tmp/prometheus"}) if found else ([], {})
    )


def test_a_folder_that_is_not_ours_to_write_stops_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty and made by somebody else: nothing to remove, and no process could count in it."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Stop) as stop:
        serving.metrics({"metrics": True}, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}, 2)
    assert (str(stop.value), stop.value.status) == (
        f"PROMETHEUS_MULTIPROC_DIR: {tmp_path} cannot be emptied: Permission denied", 2,
    )  # fmt: skip

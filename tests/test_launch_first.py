"""The launcher as process 1 of a container: orphans, signals, the status at the end."""

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import replicas
from standins import PLAN, WAITS, Container, Server, ended

from lading.launcher import processes
from lading.model import Backing, Migrations, Serving

pytestmark = [pytest.mark.slow, pytest.mark.namespaces]

STAYS = replace(PLAN, server=Serving(starts_programs=True))

#: Three processes that lose their parent, and then end.
ORPHANS = """
import subprocess, time
for _ in range(3):
    subprocess.run(["sh", "-c", "sleep 0.2 &"])
os.write(1, b"orphaned\\n")
time.sleep(60)
"""

#: Says every signal that it gets.
TELLS = """
import signal, time
def told(number, _):
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH"):
    signal.signal(getattr(signal, name), told)
os.write(1, b"ready\\n")
while True: time.sleep(1)
"""


def children(pid: int) -> dict[int, str]:
    """The processes that this one has to wait for, with their state."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid:
            found[int(path.parent.name)] = state
    return found


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "control"])
def test_orphans_are_waited_for(container: Container, stays: bool) -> None:
    """The control is a server as process 1: it waits for nobody's children, and they stay as zombies."""
    container.install(STAYS if stays else PLAN)
    process = container.start("serve", first=True, THEN=ORPHANS)
    call = container.until_called(process)
    assert call["pid"] == (2 if stays else 1)
    first = replicas.inner(process)
    argv = Path(f"/proc/{first}/cmdline").read_bytes().split(b"\0")
    assert (b"_uvicorn" in argv) != stays
    assert line(process) == "orphaned"
    time.sleep(1)  # by when all three have ended
    states = sorted(children(first).values())
    assert states == (["S"] if stays else ["Z", "Z", "Z"])
    os.kill(first, signal.SIGKILL)
    process.communicate()


def test_signals_are_passed_on(container: Container) -> None:
    process = container.install(STAYS).start("serve", first=True, THEN=TELLS)
    assert line(process) == "ready"
    first = replicas.inner(process)
    for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGQUIT", "SIGTERM"):
        os.kill(first, getattr(signal, name))
        assert line(process) == name
    os.kill(first, signal.SIGTERM)  # the second one kills
    assert ended(process) == (128 + signal.SIGKILL, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_kills(container: Container, number: int) -> None:
    process = container.install(STAYS).start("serve", first=True, THEN=TELLS)
    assert line(process) == "ready"
    first = replicas.inner(process)
    os.kill(first, number)
    assert line(process) == signal.Signals(number).name
    time.sleep(0.5)
    assert process.poll() is None
    began = time.monotonic()
    os.kill(first, signal.SIGTERM)
    assert ended(process)[0] == 128 + signal.SIGKILL
    assert time.monotonic() - began < 2


def test_a_signal_before_the_program_is_known_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may say that it runs, and somebody end us for that, before we are told its number."""
    spawned = os.posix_spawn

    def spawn(*given: Any, **options: Any) -> int:
        pid = spawned(*given, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        return pid

    def lost(_number: int, _frame: object) -> None:
        raise AssertionError("the signal came to nobody")

    monkeypatch.setattr(os, "posix_spawn", spawn)
    before = signal.signal(signal.SIGTERM, lost)
    try:
        found = processes.attended(["/bin/sleep", "60"], dict(os.environ))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found == (128 + signal.SIGTERM, signal.SIGTERM)


def test_uvicorn_as_process_1_is_ended_before_it_serves(container: Container) -> None:
    """A first process ignores what it has no handler for: a start that takes long would have to be killed."""
    process = container.start("serve", first=True, THEN=WAITS)
    assert container.until_called(process)["pid"] == 1
    os.kill(replicas.inner(process), signal.SIGTERM)
    assert ended(process) == (128 + signal.SIGTERM, "")


@pytest.mark.parametrize(
    ("then", "status"),
    [
        (WAITS, 0),  # it ends by the signal, as it was asked to
        ("import signal, time; signal.signal(15, lambda *_: sys.exit(0)); time.sleep(60)", 0),
        ("import signal, time; signal.signal(15, lambda *_: sys.exit(5)); time.sleep(60)", 5),
        ("import signal, time; signal.signal(15, lambda *_: os.abort()); time.sleep(60)", 128 + signal.SIGABRT),
    ],
)
def test_the_status_after_a_signal(container: Container, then: str, status: int) -> None:
    process = container.install(STAYS).start("serve", first=True, THEN=then)
    container.until_called(process)
    time.sleep(0.2)
    os.kill(replicas.inner(process), signal.SIGTERM)
    assert ended(process) == (status, "")


@pytest.mark.parametrize(("then", "status"), [("sys.exit(0)", 0), ("sys.exit(7)", 7), ("os.kill(os.getpid(), 9)", 137)])
def test_the_status_of_a_server_that_ends_by_itself(container: Container, then: str, status: int) -> None:
    process = container.install(STAYS).start("serve", first=True, THEN=then)
    assert ended(process) == (status, "")


def test_what_is_left_ends_with_the_container(container: Container) -> None:
    """A server that ends leaves nobody behind: the namespace goes with its first process."""
    process = container.install(STAYS).start(
        "serve", first=True, THEN="import subprocess; subprocess.Popen(['sleep', '60'])"
    )
    began = time.monotonic()
    assert ended(process)[0] == 0
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("workers", [1, 3])
def test_it_stays_before_uvicorn_with_several_workers(container: Container, workers: int) -> None:
    process = container.start("serve", first=True, WEB_CONCURRENCY=str(workers))
    assert ended(process) == (0, "")
    assert container.called()[0]["pid"] == (1 if workers == 1 else 2)


def test_run_stays_too(container: Container) -> None:
    process = container.install(STAYS).start("run", "--", "sh", "-c", "echo $$ $LADING_ROLE; exit 3", first=True)
    assert ended(process) == (3, "2 run\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_waiting(container: Container, number: int) -> None:
    """The kernel passes no signal on to a process 1 that has no handler for it."""
    container.install(replace(PLAN, backing=(Backing(kind="redis", role="cache", variable="AT"),)))
    with Server(b"-LOADING\r\n") as server:
        process = container.start("serve", first=True, AT=f"redis://127.0.0.1:{server.port}")
        server.until_heard()
        began = time.monotonic()
        os.kill(replicas.inner(process), number)
        assert ended(process)[0] == 128 + number
        assert time.monotonic() - began < 2


def test_orphans_of_a_prestart_script_are_waited_for(container: Container) -> None:
    script = Migrations(tool="script", config="prestart.sh", folder=".", heads=())
    container.install(replace(PLAN, migrations=script))
    (container.app / "prestart.sh").write_text("sleep 0.2 & sleep 0.2 & (sleep 0.2 &) ; sleep 1")
    process = container.start("serve", first=True, THEN=WAITS)
    container.until_called(process)
    first = replicas.inner(process)
    assert children(first) == {}
    os.kill(first, signal.SIGKILL)
    process.communicate()

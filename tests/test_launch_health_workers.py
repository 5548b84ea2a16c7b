"""`healthcheck` where no server runs: which role is asked, and what a worker's processes say of themselves."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import replicas
from standins import PLAN, WAITS, Container, Server

from lading.model import Backing, Program

pytestmark = [pytest.mark.slow, pytest.mark.namespaces]

MAIL = Program(name="mail", kind="dramatiq", role="worker", target="jobs", broker="BROKER")
CRON = Program(name="cron", kind="apscheduler", role="scheduler", target="cron")
PLANNED = replace(
    PLAN, programs=(MAIL, CRON), backing=(Backing(kind="redis", role="broker", variable="BROKER"),), server=PLAN.server
)
CONNECTS = """
import socket, time, signal
held = socket.create_connection(("127.0.0.1", int(os.environ["BROKER"].rpartition(":")[2])))
"""
TURNS = "\nwhile True: time.sleep(0.05)\n"


@pytest.fixture
def broker() -> Iterator[Server]:
    with Server(None) as server:
        yield server


@contextmanager
def running(container: Container, broker: Server, then: str, *role: str) -> Iterator["subprocess.Popen[str]"]:
    """A container whose process 1 is the stand-in of a role."""
    container.install(PLANNED)
    (container.app / "cron.py").write_text("import os, json\n" + then)
    env = {"BROKER": f"redis://127.0.0.1:{broker.port}", "LADING_WAIT_SECONDS": "0", "WEB_CONCURRENCY": "1"}
    process = container.start(*role, first=True, THEN=then, **env)
    try:
        if role[0] == "scheduler":
            time.sleep(0.5)
        else:
            container.until_called(process)
        time.sleep(0.2)
        yield process
    finally:
        os.kill(replicas.inner(process), signal.SIGKILL)
        process.communicate()


def asked(container: Container, process: "subprocess.Popen[str]", broker: Server, *arguments: str) -> tuple[int, str]:
    return container.beside(
        process, "healthcheck", *arguments, BROKER=f"redis://127.0.0.1:{broker.port}", LADING_HEALTH_TIMEOUT="1"
    )


def test_a_worker_that_turns_and_is_connected_is_healthy(container: Container, broker: Server) -> None:
    with running(container, broker, CONNECTS + TURNS, "worker") as process:
        for arguments in ((), ("worker",), ("worker", "mail"), ("--ready",)):
            assert asked(container, process, broker, *arguments) == (0, "")


def test_a_worker_that_hangs_is_not(container: Container, broker: Server) -> None:
    with running(container, broker, CONNECTS + "\nsignal.pause()\n", "worker") as process:
        began = time.monotonic()
        assert asked(container, process, broker) == (1, "lading: no thread of mail has run for a while\n")
        assert time.monotonic() - began < 2


def test_a_worker_that_is_stopped_is_not(container: Container, broker: Server) -> None:
    with running(container, broker, CONNECTS + TURNS, "worker") as process:
        os.kill(replicas.inner(process), signal.SIGSTOP)
        assert asked(container, process, broker) == (1, "lading: process 1 of mail is stopped\n")
        os.kill(replicas.inner(process), signal.SIGCONT)
        assert asked(container, process, broker) == (0, "")


def test_a_worker_without_its_broker_is_not(container: Container, broker: Server) -> None:
    with running(container, broker, CONNECTS + "\nheld.close()\n" + TURNS, "worker") as process:
        assert asked(container, process, broker) == (1, "lading: no process of mail is connected to Redis\n")


def test_a_connection_of_a_process_that_it_started_will_do(container: Container, broker: Server) -> None:
    then = (
        "\nimport subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import os' + "
        + repr(CONNECTS + TURNS)
        + "])\n"
    )
    with running(container, broker, then, "worker") as process:
        end = time.monotonic() + 10
        while (found := asked(container, process, broker))[0] and time.monotonic() < end:
            time.sleep(0.1)
        assert found == (0, "")


def test_a_scheduler_is_there(container: Container, broker: Server) -> None:
    with running(container, broker, CONNECTS + TURNS, "scheduler") as process:
        assert asked(container, process, broker) == (0, "")
        assert asked(container, process, broker, "worker") == (1, "lading: no mail runs here\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("worker",), "no mail runs here"),
        (("worker", "bills"), "this image runs no worker bills"),
        (("scheduler", "cron"), "no cron runs here"),
        (("migrate",), "`migrate` has no health to be asked for: say serve, worker or scheduler"),
    ],
)
def test_what_does_not_run_here_is_not_healthy(
    container: Container, broker: Server, arguments: tuple[str, ...], said: str
) -> None:
    with running(container, broker, WAITS, "serve") as process:
        assert asked(container, process, broker, *arguments) == (1, f"lading: {said}\n")


def test_a_program_that_is_run_has_no_health(container: Container, broker: Server) -> None:
    said = "lading: `run` has no health to be asked for: say serve, worker or scheduler\n"
    container.install(PLANNED)
    process = container.start("run", "--", "sleep", "60", first=True)
    time.sleep(0.5)
    assert asked(container, process, broker) == (1, said)
    os.kill(replicas.inner(process), signal.SIGKILL)
    process.communicate()


def test_the_containers_of_a_pod_that_share_their_processes_are_told_apart(
    container: Container, broker: Server
) -> None:
    """A server beside a worker: its mounts are others."""
    with running(container, broker, CONNECTS + TURNS, "worker") as process:
        env = {"PORT": str(replicas.port()), "BROKER": f"redis://127.0.0.1:{broker.port}"}
        enter = [
            "nsenter",
            "--target",
            str(replicas.inner(process)),
            *replicas.ENTERED,
            "--pid",
            "--mount",
            "--",
            "unshare",
            "--mount",
        ]
        done = subprocess.run(
            [*enter, *container.argv, "healthcheck"], env=env, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        1, f"lading: port {env['PORT']} of 127.0.0.1 does not answer: [Errno 111] Connection refused\n",
    )  # fmt: skip

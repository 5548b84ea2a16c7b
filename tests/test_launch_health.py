"""`healthcheck` of a server: alive, stalled, ready, or not there. It ends with 0 or 1, in time, and says why."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import pytest
from replicas import port
from standins import PLAN, Container, Server

from lading.model import Backing, Healthcheck, Plan, Variable

pytestmark = pytest.mark.slow

OK = b"HTTP/1.1 200 OK\r\n\r\n"
ANY = replace(PLAN, health=Healthcheck(path=None))


def asked(container: Container, number: int, *arguments: str, **env: str) -> tuple[int, str]:
    # The role is named, since others run on this machine that may be of the launcher's, too.
    return container.run("healthcheck", "serve", *arguments, **{"PORT": str(number), **env})


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "307 Temporary Redirect", "399"])
def test_a_good_answer_is_healthy(container: Container, status: str) -> None:
    with Server(f"HTTP/1.1 {status}\r\n\r\n".encode()) as server:
        assert asked(container, server.port) == (0, "")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/1.1 404 Not Found"),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "HTTP/1.1 500 Internal Server Error"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 503 Service Unavailable"),
        (b"HTTP/1.1 199 Odd\r\n\r\n", "HTTP/1.1 199 Odd"),
        (b"SSH-2.0-200 hello\r\n", "SSH-2.0-200 hello"),
        (b"\xff\r\n", "ÿ"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("plan", [PLAN, ANY], ids=["a path", "any answer"])
def test_any_other_answer_is_not(container: Container, answer: bytes, line: str, plan: Plan) -> None:
    container.install(plan)
    with Server(answer) as server:
        found = asked(container, server.port)
    if plan is ANY and line[9:12] >= "404":
        assert found == (0, "")  # it turns: a server without a health route is asked for no more than that
    else:
        path = plan.health.path or "/"
        assert found == (1, f"lading: GET {path} on port {server.port} of 127.0.0.1 answers `{line}`\n")


def test_the_request_is_one_that_every_server_understands(container: Container) -> None:
    with Server(OK) as server:
        asked(container, server.port)
        assert server.heard == [
            b"GET /health HTTP/1.1\r\nHost: localhost\r\nUser-Agent: lading\r\nConnection: close\r\n\r\n"
        ]


def test_an_answer_may_come_in_pieces(container: Container) -> None:
    def in_pieces(connection: socket.socket) -> None:
        for byte in OK:
            connection.sendall(bytes([byte]))
            time.sleep(0.005)

    with Server(in_pieces) as server:
        assert asked(container, server.port) == (0, "")


def drips(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 200 OK")
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [None, drips], ids=["silent", "slow"])
@pytest.mark.parametrize("plan", [PLAN, ANY], ids=["a path", "any answer"])
def test_the_check_gives_up_by_itself(container: Container, answer: object, plan: Plan) -> None:
    container.install(plan)
    with Server(drips if answer else None) as server:
        began = time.monotonic()
        found = asked(container, server.port, LADING_HEALTH_TIMEOUT="0.5")
    assert found == (1, f"lading: port {server.port} of 127.0.0.1 does not answer: timed out\n")
    assert 0.4 < time.monotonic() - began < 2


@pytest.mark.parametrize("plan", [PLAN, ANY], ids=["a path", "any answer"])
def test_a_closed_port_is_not_healthy(container: Container, plan: Plan) -> None:
    container.install(plan)
    number = port()
    said = f"lading: port {number} of 127.0.0.1 does not answer: [Errno 111] Connection refused\n"
    assert asked(container, number) == (1, said)


@pytest.mark.parametrize(
    ("listens", "host"),
    [("127.0.0.1", "0.0.0.0"), ("127.0.0.5", "127.0.0.5"), ("127.0.0.1", "localhost"), ("::1", "::"), ("::1", "::1")],
)
def test_the_check_asks_where_the_server_listens(container: Container, listens: str, host: str) -> None:
    with Server(OK, host=listens) as server:
        assert asked(container, server.port, HOST=host) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        ((), {"PORT": "x"}, "PORT is `x`, and must be a port from 0 to 65535"),
        (
            (),
            {"LADING_HEALTH_TIMEOUT": "soon"},
            "LADING_HEALTH_TIMEOUT is `soon`, and must be a number of seconds, more than 0",
        ),
        (
            (),
            {"LADING_HEALTH_TIMEOUT": "0"},
            "LADING_HEALTH_TIMEOUT is `0`, and must be a number of seconds, more than 0",
        ),
        (("twice",), {}, "`serve twice` has no health to be asked for: say serve, worker or scheduler"),
    ],
)
def test_a_check_that_cannot_be_made_is_not_healthy(
    container: Container, arguments: tuple[str, ...], env: Mapping[str, str], said: str
) -> None:
    """Docker reserves every status but 0 and 1: what ends with 2 elsewhere ends with 1 here."""
    assert container.run("healthcheck", "serve", *arguments, **env) == (1, f"lading: {said}\n")


def test_what_the_application_needs_does_not_concern_its_life(container: Container) -> None:
    cache = Backing(kind="redis", role="cache", variable="CACHE")
    container.install(replace(PLAN, variables=(Variable(name="KEY", required=True),), backing=(cache,)))
    with Server(OK) as server:
        assert asked(container, server.port, CACHE=f"redis://127.0.0.1:{port()}") == (0, "")


def test_the_check_imports_next_to_nothing(container: Container) -> None:
    with Server(OK) as server:
        done = subprocess.run(
            [container.place.python, "-S", "-X", "importtime", container.root / "lading", "healthcheck",
             "serve"],
            env={"PORT": str(server.port)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "_socket" in imported
    heavy = {"re", "json", "socket", "enum", "typing", "subprocess", "sqlite3", "site", "signal", "encodings.idna"}
    assert imported & heavy == set()


# ── ready ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_readiness_has_a_route_of_its_own(container: Container) -> None:
    services = (Backing(kind="redis", role="cache", variable="CACHE"),)
    container.install(replace(PLAN, health=Healthcheck(path="/alive", ready="/ready"), backing=services))
    with Server(OK, b"HTTP/1.1 503 x\r\n\r\n") as server:
        gone = f"redis://127.0.0.1:{port()}"  # which the application judges itself
        assert asked(container, server.port, CACHE=gone) == (0, "")
        assert asked(container, server.port, "--ready", CACHE=gone)[0] == 1
        assert [request.split()[1] for request in server.heard] == [b"/alive", b"/ready"]


@pytest.mark.parametrize("role", ["database", "cache", "broker"])
def test_without_one_every_service_is_asked(container: Container, role: Literal["database", "cache", "broker"]) -> None:
    service = Backing(kind="redis", role=role, variable="AT")
    container.install(replace(PLAN, backing=(service,)))
    with Server(OK) as server, Server(b"+PONG\r\n", b"-LOADING x\r\n") as redis:
        env = {"AT": f"redis://127.0.0.1:{redis.port}"}
        assert asked(container, server.port, "--ready", **env) == (0, "")
        said = f"lading: Redis at 127.0.0.1:{redis.port} (AT) does not answer: LOADING x\n"
        assert asked(container, server.port, "--ready", **env) == (1, said)
        gone = asked(container, server.port, "--ready", AT=f"redis://127.0.0.1:{port()}")
        assert (gone[0], "Connection refused" in gone[1]) == (1, True)


def test_the_address_of_a_service_may_be_in_a_file(container: Container) -> None:
    service = Backing(kind="redis", role="cache", variable="AT")
    container.install(replace(PLAN, variables=(Variable(name="AT", secret=True),), backing=(service,)))
    (container.root / "at").write_text(f"redis://:s3cr3t@127.0.0.1:{port()}\n")
    with Server(OK) as server:
        status, said = asked(container, server.port, "--ready", AT_FILE=f"{container.root}/at")
    assert (status, "Connection refused" in said, "s3cr3t" in said) == (1, True, False)


def test_readiness_gives_up_by_itself_however_many_do_not_answer(container: Container) -> None:
    services = tuple(Backing(kind="redis", role="cache", variable=f"AT{number}") for number in range(3))
    container.install(replace(PLAN, backing=services))
    with Server(OK) as server, Server(None) as redis:
        hosts = ",".join([f"127.0.0.1:{redis.port}"] * 4)
        began = time.monotonic()
        status, said = asked(
            container, server.port, "--ready", AT0=f"redis://{hosts}", AT1=f"redis://{hosts}", AT2="redis://x.invalid",
            LADING_HEALTH_TIMEOUT="1",
        )  # fmt: skip
    assert (status, "timed out" in said, time.monotonic() - began < 2.5) == (1, True, True), said


# ── in a container of its own ────────────────────────────────────────────────────────────────────────────────────────

SERVES = """
import http.server, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
class Server(socketserver.ThreadingTCPServer): allow_reuse_address = True
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@contextmanager
def serving(container: Container, number: int) -> Iterator["subprocess.Popen[str]"]:
    process = container.start("serve", first=False, PORT=str(number), THEN=SERVES)
    try:
        end = time.monotonic() + 20
        while asked(container, number)[0] and time.monotonic() < end:
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_server_that_is_stopped_is_seen_within_the_time_out(container: Container) -> None:
    """The kernel still accepts for it."""
    number = port()
    with serving(container, number) as process:
        assert asked(container, number) == (0, "")
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        said = f"lading: port {number} of 127.0.0.1 does not answer: timed out\n"
        assert asked(container, number, LADING_HEALTH_TIMEOUT="1") == (1, said)
        assert 0.9 < time.monotonic() - began < 2.5
        os.kill(process.pid, signal.SIGCONT)
        assert asked(container, number) == (0, "")

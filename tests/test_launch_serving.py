"""How what the launcher becomes serves and stops: real servers, as process 1, behind a real proxy."""

import asyncio
import collections
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import load
import pytest
import replicas
from replicas import Place

from lading.model import Plan, Serving

pytestmark = [pytest.mark.engine, pytest.mark.namespaces, pytest.mark.alone]

SERVERS = {
    "uvicorn": Serving(),
    "uvicorn, 3 workers": Serving(workers=3),
    "gunicorn": Serving(kind="gunicorn", workers=2),
    "hypercorn": Serving(kind="hypercorn"),
    "granian": Serving(kind="granian"),
    "uvicorn, attended": Serving(starts_programs=True),
}
PACKAGES = (*replicas.PACKAGES, "uvicorn[standard]", "gunicorn", "hypercorn", "granian")


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return replicas.environment(tmp_path_factory.getbasetemp().parent / "servers", *PACKAGES)


def plan(server: Serving) -> Plan:
    return replace(replicas.plan("sqlite"), migrations=None, database=None, server=server)


class Running:
    """A server as process 1, and what it prints."""

    def __init__(self, place: Place, port: int) -> None:
        self.port = port
        self.process = place.start("serve", first=True, PORT=str(port))
        self.log = ""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        assert replicas.answers(port, of=self.process), self.end()
        self.pid = replicas.inner(self.process)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.log += line

    def ask(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self) -> tuple[int, float]:
        """Wait for the end: the exit status of process 1, and how long it took."""
        began = time.monotonic()
        status = self.process.wait(timeout=30)
        self.reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        return status, time.monotonic() - began


def beside(action: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(action()))
    thread.start()
    return thread, found


def ended_in_flight(place: Place) -> tuple[Running, str, int, float]:
    """Tell a server to end while a request of two seconds is in flight: its answer, the status, and the seconds."""
    port = replicas.port()
    running = Running(place, port)
    asking, answer = beside(lambda: replicas.answers(port, "/slow/2", timeout=5))
    time.sleep(0.5)
    running.ask(signal.SIGTERM)
    status, took = running.end()
    asking.join()
    return running, str(answer[0]), status, took


@pytest.mark.parametrize("server", SERVERS)
def test_a_request_in_flight_is_answered_before_the_server_ends(server: str, tmp_path: Path, python: Path) -> None:
    place = Place(root=tmp_path, python=python).install(plan(SERVERS[server]))
    running, answer, status, took = ended_in_flight(place)
    assert answer.startswith("/slow/2 "), running.log
    assert (status, took < 8) == (0, True), running.log
    assert 0 < running.log.count("lifespan began") == running.log.count("lifespan ended"), running.log


#: What projects pin that nobody has touched for years; Granian waited for no request then.
OLDER = {
    "uvicorn==0.15.0": Serving(),
    "uvicorn==0.21.1": Serving(workers=2),
    "hypercorn==0.13.2": Serving(kind="hypercorn"),
    "granian==1.6.4": Serving(kind="granian"),
}


@pytest.mark.network
@pytest.mark.parametrize("release", OLDER)
def test_an_older_release_serves_and_ends(release: str, tmp_path: Path) -> None:
    python = replicas.environment(tmp_path / "venv", "fastapi", "uvicorn", release)
    place = Place(root=tmp_path, python=python).install(plan(OLDER[release]))
    running, answer, status, took = ended_in_flight(place)
    assert (status, took < 8) == (0, True), running.log
    assert answer.startswith("/slow/2 ") or "granian" in release, running.log


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("kind", ["stream", "websocket"])
def test_what_never_ends_by_itself_is_ended_in_time(server: str, kind: str, tmp_path: Path, python: Path) -> None:
    port = replicas.port()
    running = Running(Place(root=tmp_path, python=python).install(plan(SERVERS[server])), port)
    held = socket.create_connection(("127.0.0.1", port), 5)
    more = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBs"
    more += "ZSBub25jZQ==\r\n"
    held.sendall(f"GET /stream HTTP/1.1\r\nHost: x\r\n{more if kind == 'websocket' else ''}\r\n".encode())
    assert held.recv(1000).startswith(b"HTTP/1.1 101" if kind == "websocket" else b"HTTP/1.1 200")
    running.ask(signal.SIGTERM)
    status, took = running.end()
    held.close()
    assert (status, took < 10) == (0, True), f"{took:.1f} s\n{running.log}"


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("second", "kind"), [(signal.SIGTERM, "slow"), (signal.SIGINT, "thread")])
def test_a_second_signal_hurries(server: str, second: int, kind: str, tmp_path: Path, python: Path) -> None:
    port = replicas.port()
    running = Running(Place(root=tmp_path, python=python).install(plan(SERVERS[server])), port)
    asking, _ = beside(lambda: replicas.answers(port, f"/{kind}/6", timeout=1))
    time.sleep(0.5)
    running.ask(signal.SIGTERM)
    time.sleep(0.5)
    running.ask(second)
    status, took = running.end()
    asking.join()
    assert (status, took < 3) == (128 + signal.SIGKILL, True), f"{took:.1f} s\n{running.log}"


def test_a_thread_that_goes_on_does_not_hold_the_end_up(tmp_path: Path, python: Path) -> None:
    """Uvicorn waits eight seconds for it, shuts down, and would wait on, until it is killed after ten."""
    port = replicas.port()
    running = Running(Place(root=tmp_path, python=python).install(plan(Serving())), port)
    asking, _ = beside(lambda: replicas.answers(port, "/thread/20", timeout=1))
    time.sleep(0.5)
    running.ask(signal.SIGTERM)
    status, took = running.end()
    asking.join()
    assert (status, took < 10) == (0, True), f"{took:.1f} s\n{running.log}"
    assert running.log.count("lifespan ended") == 1, running.log


def test_what_is_to_be_done_at_the_end_is_done(tmp_path: Path, python: Path) -> None:
    """Telemetry is sent by `atexit`, and work is finished in threads, after Uvicorn has shut down."""
    port = replicas.port()
    place = Place(root=tmp_path, python=python).install(plan(Serving()))
    running = Running(place, port)
    assert replicas.answers(port, "/later/", timeout=5)
    running.ask(signal.SIGTERM)
    status, took = running.end()
    assert (status, 2 < took < 9) == (0, True), f"{took:.1f} s\n{running.log}"
    assert running.log.index("lifespan ended") < running.log.index("sent at the end"), running.log


def test_a_rolling_replacement_behind_a_proxy_fails_no_request(tmp_path: Path, python: Path) -> None:
    counts, seconds = asyncio.run(replaced(tmp_path, python, rate=200, slow=5.0))
    assert set(counts) == {"HTTP/1.1 200 OK"}, counts
    assert counts.total() > 150 * seconds


async def replaced(
    root: Path, python: Path, *, rate: int, slow: float, graceful: bool = True
) -> tuple["collections.Counter[str]", float]:
    """Replace three replicas behind a proxy, one after the other, under load; the answers, and how long it took."""
    place = Place(root=root, python=python).install(plan(Serving()))
    ports = [replicas.port() for _ in range(3)]
    running = [Running(place, port) for port in ports]
    front = replicas.port()
    proxy = await asyncio.create_subprocess_exec("haproxy", "-q", "-f", proxied(root, front, ports))
    stop = asyncio.Event()
    began = time.monotonic()
    try:
        assert await asyncio.to_thread(replicas.answers, front)
        asking = asyncio.create_task(load.steady(front, rate, stop, slow, 40))
        await asyncio.sleep(slow)
        for index, port in enumerate(ports):
            running[index].ask(signal.SIGTERM if graceful else signal.SIGKILL)
            await asyncio.to_thread(running[index].end)
            running[index] = await asyncio.to_thread(Running, place, port)
            await asyncio.sleep(1)
        stop.set()
        return await asking, time.monotonic() - began
    finally:
        stop.set()
        for one in running:
            one.process.kill()
            one.end()
        proxy.terminate()
        await proxy.wait()


def proxied(root: Path, front: int, ports: list[int]) -> Path:
    """HAProxy before the replicas, as docs/runtime.md has it: what nobody has read is tried elsewhere.

    A slow request is not tried again: whoever kills a replica in the middle of one is seen to.
    """
    assert shutil.which("haproxy"), "`make services` installs it"
    servers = "\n".join(f"    server replica{port} 127.0.0.1:{port} check inter 500" for port in ports)
    path = root / "haproxy.cfg"
    path.write_text(
        f"""
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 5
    option redispatch 1
    retry-on conn-failure empty-response
frontend front
    bind 127.0.0.1:{front}
    default_backend replicas
backend replicas
    http-request disable-l7-retry if {{ path_beg /slow/ }}
    option httpchk GET /health
{servers}
"""
    )
    return path


def test_replicas_that_are_killed_do_fail_requests(tmp_path: Path, python: Path) -> None:
    """The control: what is killed loses what it had in hand, and the load sees it."""
    counts, _ = asyncio.run(replaced(tmp_path, python, rate=100, slow=3.0, graceful=False))
    assert set(counts) != {"HTTP/1.1 200 OK"}

"""Four processes answer as one: what one of them counts, all of them know."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from conftest import EMAIL, PASSWORD, ROOT
from redis import Redis

TASKS, KEYS = "/api/v1/tasks", "/api/v1/keys"


@pytest.fixture
def service(tables: str, counts: Redis, tmp_path: Path) -> Iterator[httpx2.Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"PORT": str(port), "WORKERS": "4", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "LOG_LEVEL": "warning"}
    # A connection for each request, so that no worker gets them all.
    one_each = httpx2.Limits(max_keepalive_connections=0)
    server = subprocess.Popen([sys.executable, "-m", "app"], cwd=ROOT, env=os.environ | environment, process_group=0)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", limits=one_each, timeout=10) as client:
            end = time.monotonic() + 60
            # A worker opens its file with the first request that it answers.
            while len(list(tmp_path.glob("counter_*.db"))) < 4:
                assert server.poll() is None
                assert time.monotonic() < end, "not all workers have started"
                with suppress(httpx2.TransportError):
                    client.get("/ready").raise_for_status()
                time.sleep(0.02)
            yield client
        server.terminate()
        assert server.wait(timeout=15) == 0
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def test_the_limit_holds_over_all_workers(service: httpx2.Client) -> None:
    service.post("/api/v1/users", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()
    key = service.post(KEYS, json={"name": "tests"}, auth=(EMAIL, PASSWORD)).json()["key"]
    statuses = [service.get(TASKS, headers={"X-API-Key": key}).status_code for _ in range(40)]
    assert statuses == [200] * 20 + [429] * 20


def test_the_metrics_are_those_of_all_workers(service: httpx2.Client) -> None:
    def asked() -> float:
        lines = service.get("/metrics").text.splitlines()
        [line] = [line for line in lines if line.startswith('http_requests_total{method="GET",route="/health"')]
        return float(line.split()[-1])

    seen = []
    for _ in range(20):
        service.get("/health").raise_for_status()
        seen.append(asked())
    assert seen == list(range(1, 21))

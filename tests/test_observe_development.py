"""The edit that the development stage is tried with, the debugger's protocol, and both with a real engine."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from values import GOOD, PLAN

from lading import stages
from lading.checks import CHECKS, evidence
from lading.errors import Outside
from lading.model import App, Criterion, Development, Plan
from lading.observe import debugger, development
from lading.source import Memory

EXAMPLES = Path(__file__).parent.parent / "examples"

SERVED = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"mine"})

class holder:
    inner = app

def make():
    return app
"""


def planned(target: str, *, factory: bool = False, folder: str = ".") -> Plan:
    return replace(PLAN, app=App(target=target, factory=factory, folder=folder, exclude=()))


def asked(application: Any, path: str, kind: str = "http") -> list[Any]:
    """What an ASGI application sends for one request."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(application({"type": kind, "path": path}, receive, send))
    return [message.get("status") or message.get("body") for message in sent]


@pytest.mark.parametrize(
    ("target", "factory", "get"),
    [
        ("main:app", False, lambda names: names["app"]),
        ("main:holder.inner", False, lambda names: names["holder"].inner),
        ("main:make", True, lambda names: names["make"]()),
    ],
)
def test_the_edit_adds_one_path_and_leaves_the_rest(
    target: str, factory: bool, get: Callable[[dict[str, Any]], Any]
) -> None:
    names: dict[str, Any] = {}
    exec(SERVED + development.edit(planned(target, factory=factory), 7), names)
    assert asked(get(names), "/lading-edit") == [200, b"lading-edit-is-served 7"]
    assert asked(get(names), "/prefix/lading-edit") == [200, b"lading-edit-is-served 7"]
    assert asked(get(names), "/health") == [404, b"mine"]
    assert asked(get(names), "/lading-edit", "websocket") == [404, b"mine"]


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        (planned("app.main:app"), "app/main.py"),
        (planned("shop:app", folder="src"), "src/shop/__init__.py"),
        (planned("elsewhere:app"), None),
    ],
)
def test_the_file_of_the_application(plan: Plan, found: str | None) -> None:
    source = Memory({"app/main.py": "", "src/shop/__init__.py": ""})
    assert development.module(plan, source) == found


def test_what_is_mounted_is_what_an_image_would_get(tmp_path: Path) -> None:
    source = Memory({"app/main.py": "a", ".env": "DATABASE_URL=somebodys\n", "app/.env": "A=b\n", "README.md": "c"})
    development._copy(PLAN, source, tmp_path / "code")
    copied = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert copied == {"code": 0o755, "code/app": 0o755, "code/app/main.py": 0o644}


# ── the debugger's protocol ──────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def adapter(*replies: list[dict[str, Any]] | bytes) -> Iterator[tuple[str, int]]:
    """A server that answers each request with some messages, or with bytes as they are, and then hangs up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as file:
            for reply in replies:
                size = int(file.readline().partition(b":")[2])
                file.readline()
                number = json.loads(file.read(size))["seq"]
                for message in reply if isinstance(reply, list) else ():
                    body = json.dumps({"request_seq": number, **message}).encode()
                    connection.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                if isinstance(reply, bytes):
                    connection.sendall(reply)
            connection.shutdown(socket.SHUT_WR)
            file.read()  # to its end, so that what was sent is not taken back

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()
        thread.join(10)


CAN = {"type": "response", "success": True, "body": {"supportsB": True, "supportsA": True, "supportsC": False}}
OUTPUT, READY = {"type": "event", "event": "output"}, {"type": "event", "event": "initialized"}


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        (([OUTPUT, CAN], [OUTPUT, READY], []), (("supportsA", "supportsB"), True, "")),
        (([{**CAN, "success": False, "message": "no"}],), ((), False, "it refused `initialize`: no")),
        (
            ([CAN], [{"type": "response", "success": False, "message": "busy"}]),
            (("supportsA", "supportsB"), False, "it refused `attach`: busy"),
        ),
        (([CAN],), (("supportsA", "supportsB"), False, "it hung up")),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), ((), False, "it does not speak the Debug Adapter Protocol")),
        ((b"Content-Length: 3\r\n\r\n{1}",), ((), False, "Expecting property name enclosed in double quotes")),
    ],
)  # fmt: skip
def test_what_a_debugger_says(replies: Any, said: tuple[tuple[str, ...], bool, str]) -> None:
    with adapter(*replies) as address:
        capabilities, attached, wrong = debugger.attach(address)
    assert (capabilities, attached) == said[:2]
    assert wrong.startswith(said[2])
    assert bool(wrong) is bool(said[2])


def test_where_nobody_listens_there_is_no_debugger() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    assert debugger.attach(address) == ((), False, "[Errno 111] Connection refused")


# ── whether it is run ────────────────────────────────────────────────────────────────────────────────────────────────

ASKING = (Criterion(id="S3-7", title="Hot reload", checks=("reload-serves-edits",)),)


def asking(criteria: tuple[Criterion, ...]) -> stages.Stage:
    stage = stages.start(EXAMPLES / "task-list", {})
    return replace(stage, settings=replace(stage.settings, criteria=criteria))


def test_nothing_is_built_where_no_criterion_asks(tmp_path: Path) -> None:
    assert stages._develop(asking(()), "docker 29", tmp_path, stages.silent) is None


def test_another_engine_says_that_it_is_dockers(tmp_path: Path) -> None:
    found = stages._develop(asking(ASKING), "unshare (chroot)", tmp_path, stages.silent)
    limit = "the development stage is run by Docker alone: `--engine docker`"
    assert found == Development(engine="unshare (chroot)", limit=limit)


def test_a_stage_that_cannot_be_built_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise Outside("the stage `dev` cannot be built")

    monkeypatch.setattr("lading.build.docker.stage", fail)
    found = stages._develop(asking(ASKING), "docker 29", tmp_path, stages.silent)
    assert found is not None
    assert found.limit == "the development stage was not run: the stage `dev` cannot be built"


@pytest.mark.engine
@pytest.mark.alone
@pytest.mark.parametrize("example", ["task-list", "sdlc-lens", "todo-api", "reading-app"])
def test_an_edit_is_served_and_a_debugger_attaches(example: str, tmp_path: Path) -> None:
    stage = stages.start(EXAMPLES / example, {})
    stage = replace(stage, settings=replace(stage.settings, criteria=ASKING))
    found = stages._develop(stage, "docker", tmp_path, stages.silent)
    assert found is not None
    assert found.limit == ""
    assert found.ready is not None, found.log
    assert any(found.served), found.log
    assert found.attached, found.debugger
    assert not list(tmp_path.glob("observe/*"))
    # How soon depends on the machine; what it is judged by is the check's.
    (said,) = evidence.ask(CHECKS["debugger-attaches"], replace(GOOD, development=found))
    assert said.verdict == "pass"

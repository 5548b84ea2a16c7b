"""The image of the development stage, and a source → what a container of it does when the source is edited.

The container is started as the compose file for development does it: a copy of the source is mounted over /app. The
edit is of the copy, and adds a path to whatever the application is, so that what answers there is the edit and nothing
else. Databases and brokers are not waited for, and nothing is migrated: what is asked needs none.
"""

from __future__ import annotations

import http.client
import posixpath
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from lading.checks.development import SOON, TOKEN
from lading.errors import Outside
from lading.launch import commands
from lading.model import Answer, Development, Plan, Progress
from lading.observe import debugger, docker, scenarios, scratch
from lading.observe.client import Client
from lading.source import Source

#: Seconds: until the first answer, from the edit to its answer at most, between two questions, for one answer.
_START, _SERVE, _POLL, _ANSWER = 90.0, 15.0, 0.05, 5.0

#: Edits, until one is served soon: on a machine that is busy with something else, one says little.
_EDITS = 3

#: The path that the edit adds; what it says is what the check looks for.
PATH = "/lading-edit"

#: The name of the container is the folder's, so that whoever finds the folder left over finds the container.
_KIND = "develop"

_EDIT = """


def _lading_edited(served):
    async def answer(scope, receive, send):
        if scope["type"] != "http" or not scope.get("path", "").endswith("{path}"):
            await served(scope, receive, send)
            return
        await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}})
        await send({{"type": "http.response.body", "body": b"{token}"}})

    return answer


{target} = {wrapped}
"""


def module(plan: Plan, source: Source) -> str | None:
    """The file that holds the application, from the project's root; None where it is not in the tree."""
    stem = posixpath.normpath(posixpath.join(plan.app.folder, *plan.app.target.partition(":")[0].split(".")))
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in source.files), None)


def edit(plan: Plan, number: int = 1) -> str:
    """What is added to the file of the application: the same application, with one path more."""
    target = plan.app.target.partition(":")[2]
    made = f"(lambda made: lambda: _lading_edited(made()))({target})"
    wrapped = made if plan.app.factory else f"_lading_edited({target})"
    return _EDIT.format(path=PATH, token=f"{TOKEN} {number}", target=target, wrapped=wrapped)


def observe(plan: Plan, source: Source, image: str, *, cache: Path, progress: Progress) -> Development:
    """Start a container of `image`, edit, ask, attach a debugger; nothing is left afterwards.

    Raises `Outside` where Docker cannot be reached or the container cannot be made.
    """
    client = docker.found()
    edited = module(plan, source)
    if edited is None:
        raise Outside(f"the file of `{plan.app.target}` is not in the tree")
    with scratch.folder(cache, _KIND, partial(_sweep, client)) as folder:
        code = folder / "code"
        _copy(source, code)
        began = time.monotonic()
        client.ask("create", "--name", folder.name, *_options(plan, code), image)
        client.ask("start", folder.name)
        ports = dict(_published(client, folder.name))
        port = ports[int(plan.port.default)]
        ready = _until(lambda: _get(port, plan.health.path or "/").status is not None, began, _START)
        before = _get(port, PATH) if ready is not None else None
        served: list[float | None] = []
        while (
            before is not None and len(served) < _EDITS and not any(one is not None and one <= SOON for one in served)
        ):
            served.append(_edited(code / edited, source.read(edited).decode(), plan, port, len(served) + 1))
            progress(
                f"edit {len(served)} of {edited}: "
                + (f"served after {served[-1]:.2f} s" if served[-1] else "not served")
            )
        said = debugger.attach(("127.0.0.1", ports[commands.DEBUGGER]))
        return Development(
            engine=client.name, ready=ready, edited=edited, before=before, served=tuple(served), capabilities=said[0],
            attached=said[1], debugger=said[2], log=_log(client, folder.name),
        )  # fmt: skip


def _edited(path: Path, text: str, plan: Plan, port: int, number: int) -> float | None:
    """Seconds from the edit to the first answer that shows it."""
    changed, shown = text + edit(plan, number), f"{TOKEN} {number}"
    began = time.monotonic()
    path.write_text(changed)
    return _until(lambda: _get(port, PATH).body == shown, began, _SERVE)


def _sweep(client: Client, folder: Path) -> None:
    client.tell("rm", "--force", "--volumes", folder.name)


def _copy(source: Source, code: Path) -> None:
    """The files, readable for whoever the container's user is."""
    for path, executable in source.files.items():
        to = code / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(source.read(path))
        to.chmod(0o755 if executable else 0o644)
    for folder in (code, *(path for path in code.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def _options(plan: Plan, code: Path) -> Iterator[str]:
    yield from ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")  # noqa: S108 - of the container
    yield from ("--security-opt", "no-new-privileges", "--volume", f"{code}:/app")
    for port in (plan.port.default, commands.DEBUGGER):
        yield from ("--publish", f"127.0.0.1::{port}")
    alone = {"LADING_WAIT_SECONDS": "0", "LADING_MIGRATE": "off"} if plan.backing else {}
    for name, value in {**scenarios.generated(plan), **alone}.items():
        yield from ("--env", f"{name}={value}")


def _published(client: Client, name: str) -> Iterator[tuple[int, int]]:
    for line in client.ask("port", name).splitlines():  # like `8000/tcp -> 127.0.0.1:49153`
        inside, _, outside = line.partition(" -> ")
        yield int(inside.partition("/")[0]), int(outside.rpartition(":")[2])


def _until(holds: Callable[[], bool], began: float, seconds: float) -> float | None:
    """Seconds since `began` until it holds; None where it does not in time."""
    while time.monotonic() < began + seconds:
        if holds():
            return time.monotonic() - began
        time.sleep(_POLL)
    return None


def _get(port: int, path: str) -> Answer:
    """What `GET path` gives; the server may be between two lives."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER)
    try:
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "lading"})
        response = connection.getresponse()
        body = response.read(64_000).decode(errors="replace")
        return Answer(path=path, status=response.status, body=body, seconds=time.monotonic() - began)
    except (OSError, http.client.HTTPException) as error:
        return Answer(path=path, status=None, body="", seconds=time.monotonic() - began, error=str(error))
    finally:
        connection.close()


def _log(client: Client, name: str) -> str:
    done = client.tell("logs", "--tail", "50", name)
    return (done.stdout + done.stderr).decode(errors="replace")


def forget(image: str) -> None:
    """Remove an image that nobody has given a name; one that has one is somebody's."""
    with suppress(Outside):
        client = docker.found()
        if client.ask("image", "inspect", "--format", "{{len .RepoTags}}", image).strip() == "0":
            client.tell("image", "rm", image)

"""Checks of what the seeds claim: each is silent on what we generate, and on each broken part it bites."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest
import values
from test_checks_files import Case, said
from values import FILES, GOOD, PLAN, PROJECT, configured, containing, file, folder
from values_stack import STACK

from lading import render
from lading.checks import Evidence
from lading.model import (
    Answer,
    Dependencies,
    Fact,
    Layout,
    Packaging,
    Project,
    Route,
    SystemPackage,
    Variable,
    Worker,
)  # fmt: skip


def known(**changes: Any) -> Project:
    return replace(PROJECT, **changes)


def pooled(size: int | None, workers: int | Literal["auto"] = 4) -> Evidence:
    """A backend on PostgreSQL, each of whose processes holds so many connections."""
    assert STACK.plan.database is not None
    plan = replace(STACK.plan, database=replace(STACK.plan.database, pool=size))
    return replace(STACK, plan=replace(plan, server=replace(plan.server, workers=workers)))


# ── Debian packages ──────────────────────────────────────────────────────────────────────────────────────────────────

FFMPEG = Fact(SystemPackage(name="ffmpeg", stage="run", needed_by="app/video.py"), "app/video.py:36")
VIDEO = replace(
    PLAN,
    base=replace(PLAN.base, packages=(*PLAN.base.packages, "ffmpeg")),
    dependencies=replace(PLAN.dependencies, requirements=("fastapi", "opencv-python-headless==5.0.0.93")),
    because={**PLAN.because, "base.packages.ffmpeg": "app/video.py:36"},
)
RECORDS = (file("/var/lib/dpkg/info/ffmpeg.list"), file("/var/lib/dpkg/info/libpq5:amd64.list"))


def video(run: str = "apt-get install -qq --no-install-recommends ffmpeg >/dev/null", *records: Any) -> Evidence:
    """A backend that runs ffmpeg, with this RUN in its last stage."""
    text = f"FROM a AS build\nFROM b\nRUN apt-get update && {run}\nCOPY --from=build /x /x\n"
    inside = containing(*(records or RECORDS)).contents
    return replace(GOOD, dockerfile=text, plan=VIDEO, project=known(system=(FFMPEG,)), contents=inside)


# ── the build's inputs ───────────────────────────────────────────────────────────────────────────────────────────────

HATCHLING = Packaging(backend="hatchling.build", files=("README.md", "LICENSE", "hatch_build.py"))


def packaged(ignore: str = "**/*.md\n!README.md\n", without: str = "", *, install: bool = True) -> Evidence:
    plan = replace(PLAN, dependencies=replace(PLAN.dependencies, install=install), packaging=HATCHLING)
    tree = tuple(path for path in (*GOOD.tree, "LICENSE", "hatch_build.py") if path != without)
    return replace(
        GOOD, plan=plan, ignore=ignore, tree=tree, project=known(packaging=Fact(HATCHLING, "pyproject.toml:2"))
    )


def workspace(ignore: str) -> Evidence:
    """A project with a part in a folder of its own."""
    packaging = Packaging(backend="hatchling.build", members=("packages/core",))
    given = packaged(ignore or "docs\n")
    tree = (*given.tree, "packages/core/pyproject.toml")
    return replace(given, tree=tree, project=known(packaging=Fact(packaging, "pyproject.toml:2")))


CLIPS = known(environment=(Fact(Variable(name="DATA_DIR", default="data"), "app/settings.py:4"),))


def keeping(ignore: str = values.IGNORE + "data\n", *tree: str) -> Evidence:
    plan = replace(PLAN, env={**PLAN.env, "DATA_DIR": "/data"})
    return replace(GOOD, plan=plan, project=CLIPS, ignore=ignore, tree=(*GOOD.tree, *tree))


def developed(**changes: Any) -> Evidence:
    return replace(GOOD, development=replace(values.DEVELOPMENT, **changes))


BESIDE = replace(PLAN, layout=Layout(dockerfile="docker/backend/Dockerfile", code="backend"))


def placed(files: Mapping[str, str] | None = None, *tree: str, without: str = "") -> Evidence:
    """A Dockerfile in a folder of its own."""
    every = {**render.files(BESIDE), **(files or {})}
    kept = {path: text for path, text in every.items() if path != without}
    return replace(GOOD, plan=BESIDE, files=kept, context=(*GOOD.context, *tree))


# ── the lock ─────────────────────────────────────────────────────────────────────────────────────────────────────────

LOCK = """\
# made by a tool
fastapi==0.121.0 \\
    --hash=sha256:0123 \\
    --hash=sha256:4567
uvloop==0.22.1 ; sys_platform != 'win32' \\
    --hash=sha256:89ab  # why
colorama==0.4.6 ; sys_platform == 'win32'
numpy==2.4.6 ; python_full_version < '3.12'
"""


#: The pip of an interpreter's own image.
BASES_PIP = values.metadata("pip", "23.2.1", site="/usr/local/lib/python3.13/site-packages")


def locked(text: str, *files: Any, without: str = "") -> Evidence:
    inside = containing(*files, without=without)
    return replace(inside, files={**FILES, "requirements.txt": text})


# ── the guide, and the development stage ─────────────────────────────────────────────────────────────────────────────


def guided(old: str = "", new: str = "") -> Evidence:
    """`DOCKER.md` as generated, with the first `old` in it replaced by `new`."""
    return changed("DOCKER.md", old, new)


def changed(path: str, old: str, new: str) -> Evidence:
    assert old in FILES[path], old
    return replace(GOOD, files={**FILES, path: FILES[path].replace(old, new, 1)})


def at(text: str, path: str = "DOCKER.md") -> str:
    """`path:line` of the first line that holds `text`."""
    lines = FILES[path].splitlines()
    return f"{path}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


DEV = at("FROM image AS dev", "Dockerfile")
SHIPPED = at("FROM image AS runtime", "Dockerfile")
SAYS_FILES = "Written by lading from what it found in the code."
API = at("  api:", "compose.override.yaml")
NOT_RUN = "unknown the development stage was not run: that takes Docker, and a criterion that asks for it"

CASES = (
    Case("connections-fit", GOOD, ("skip its database is no server that counts connections",)),
    Case(
        "connections-fit",
        STACK,
        ("pass at most 50 of the 97 connections that a server takes: 2 replicas, 4 + 1 processes, 5 each",),
    ),
    Case(
        "connections-fit",
        pooled(15),
        ("fail at most 150 of the 97 connections that a server takes: 2 replicas, 4 + 1 processes, 15 each",),
    ),
    Case("connections-fit", pooled(None), ("skip the code names no pool whose size can be read",)),
    Case("connections-fit", pooled(5, "auto"), ("skip as many processes are started as the cgroup allows",)),
    Case("system-packages-needed", video(), ("pass ffmpeg for app/video.py",)),
    Case(
        "system-packages-needed",
        video("apt-get install -y ffmpeg libgl1=1.7 curl"),
        (
            "fail Dockerfile:3: `libgl1` is installed in the shipped stage; the headless OpenCV opens no window",
            "fail Dockerfile:3: `curl` is installed in the shipped stage; nothing that is locked or coded needs it",
        ),
    ),
    Case(
        "system-packages-needed",
        video("apt-get install -y $(case $X in bookworm) echo libmagic1;; *) echo libmagic1t64;; esac) ffmpeg"),
        tuple(
            f"fail Dockerfile:3: `{name}` is installed in the shipped stage; nothing that is locked or coded needs it"
            for name in ("libmagic1", "libmagic1t64")
        ),
    ),
    Case(
        "system-packages-needed",
        video("true", file("/var/lib/dpkg/info/adduser.list")),
        ("fail app/video.py:36: `ffmpeg` is not in the image, and app/video.py needs it",),
    ),
    Case(
        "system-packages-needed",
        video("true", file("/var/lib/dpkg/status.d/ffmpeg"), file("/var/lib/dpkg/status.d/ffmpeg.md5sums")),
        ("pass ffmpeg for app/video.py",),
    ),
    Case(
        "system-packages-needed",
        replace(video("true"), contents=GOOD.contents),
        ("fail app/video.py:36: `ffmpeg` is not in the image, and app/video.py needs it",),
    ),
    Case("system-packages-needed", replace(GOOD, project=None), ("unknown the project was not looked at",)),
    Case(
        "no-headers",
        containing(*RECORDS, file("/usr/share/pkgconfig/shared-mime-info.pc")),
        ("pass no headers, no -dev among 2 Debian packages",),
    ),
    Case("no-headers", containing(*RECORDS), ("pass no headers, no -dev among 2 Debian packages",)),
    Case(
        "no-headers",
        containing(file("/var/lib/dpkg/info/libpq-dev:amd64.list"), file("/var/lib/dpkg/status.d/libffi-dev")),
        ("fail the package `libffi-dev` is in the image", "fail the package `libpq-dev` is in the image"),
    ),
    Case(
        "no-headers",
        containing(file("/usr/include/postgresql/libpq-fe.h"), file("/usr/lib/x86_64-linux-gnu/pkgconfig/libpq.pc")),
        (
            "fail /usr/include/postgresql/libpq-fe.h: 1 C header in the image",
            "fail /usr/lib/x86_64-linux-gnu/pkgconfig/libpq.pc: 1 development file in the image",
        ),
    ),
    # Who it runs as, and how its Python finds the code.
    Case("user-uid", GOOD, ("pass appuser, 1000:1000, at home in /home/appuser",)),
    Case("user-uid", configured(User="999:999"), ("fail the user is `999:999`, wanted 1000:1000",)),
    Case("user-uid", configured(User=""), ("fail the user is `root`, wanted 1000:1000",)),
    Case("user-uid", containing(without="/etc/passwd"), ("fail /etc/passwd: no user has the number 1000",)),
    Case(
        "user-uid",
        containing(file("/etc/passwd", "app:x:1000:1000::/home/appuser:/bin/sh\n")),
        ("fail /etc/passwd: 1000 is `app` of group 1000, wanted `appuser` of 1000",),
    ),
    Case(
        "user-uid",
        containing(file("/etc/passwd", "appuser:x:1000:100::/home/appuser:/bin/sh\n")),
        ("fail /etc/passwd: 1000 is `appuser` of group 100, wanted `appuser` of 1000",),
    ),
    Case(
        "user-uid",
        containing(folder("/home/appuser")),
        ("fail /etc/passwd: the home of `appuser`, `/home/appuser`, is no folder of its own",),
    ),
    Case(
        "python-environment",
        GOOD,
        ("pass PYTHONPATH is /app, PYTHONUNBUFFERED is set, bytecode is kept apart",),
    ),
    Case(
        "python-environment",
        configured(Env=["PYTHONPATH=src"]),
        (
            "fail `/app` is not in PYTHONPATH",
            "fail `src` in PYTHONPATH is not absolute",
            "fail PYTHONUNBUFFERED is not set",
            "fail bytecode would be written beside the code",
        ),
    ),
    Case(
        "python-environment",
        configured(Env=["PYTHONPATH=/x:/app", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"]),
        ("pass PYTHONPATH is /x:/app, PYTHONUNBUFFERED is set, bytecode is kept apart",),
    ),
    # What reaches the builder.
    Case(
        "build-inputs-in-context",
        packaged(),
        ("pass hatchling.build reads README.md, LICENSE, hatch_build.py: sent",),
    ),
    Case(
        "build-inputs-in-context",
        packaged("**/*.md\n"),
        ("fail .dockerignore: `README.md` is left out, and hatchling.build reads it",),
    ),
    Case(
        "build-inputs-in-context",
        packaged("*\n!README.md\n!LICENSE\n!requirements.txt\n"),
        ("fail .dockerignore: `hatch_build.py` is left out, and hatchling.build reads it",),
    ),
    Case(
        "build-inputs-in-context",
        packaged("requirements.txt\n"),
        ("fail .dockerignore: `requirements.txt` is left out, and hatchling.build reads it",),
    ),
    Case(
        "build-inputs-in-context",
        packaged(without="LICENSE"),
        ("fail LICENSE: `LICENSE` is not in the tree, and hatchling.build reads it",),
    ),
    Case(
        "build-inputs-in-context",
        packaged(install=False),
        ("skip the project itself is not installed, so that no build back end reads anything",),
    ),
    Case(
        "build-inputs-in-context",
        workspace("packages\n"),
        ("fail .dockerignore: `packages/core` is left out, and is a part of it",),
    ),
    Case("build-inputs-in-context", workspace(""), ("pass hatchling.build reads pyproject.toml alone: sent",)),
    Case("data-not-in-context", keeping(), ("pass 6 databases tried, and `data`: left out",)),
    Case(
        "data-not-in-context",
        keeping(values.IGNORE),
        ("fail .dockerignore: `data/clip.bin` would reach the builder, and `DATA_DIR` keeps data there",),
    ),
    Case(
        "data-not-in-context",
        keeping(values.IGNORE + "data/clip.bin\n", "data/clips/a.mp4"),
        ("fail .dockerignore: `data/clips/a.mp4` would reach the builder, and `DATA_DIR` keeps data there",),
    ),
    Case(
        "data-not-in-context",
        replace(GOOD, ignore="**/*.db\n**/*.db-*\n**/*.sqlite\n"),
        (
            "fail .dockerignore: a database, `app.sqlite3`, would reach the builder",
            "fail .dockerignore: a database, `app/data/app.sqlite3-wal`, would reach the builder",
        ),
    ),
    Case(
        "ignore-is-read",
        placed(),
        ("pass `docker/backend/Dockerfile.dockerignore` and `.dockerignore`, 23 patterns",),
    ),
    Case(
        "ignore-is-read",
        placed(None, "docker/backend/.dockerignore"),
        ("fail docker/backend/.dockerignore: `docker/backend/.dockerignore` is read by no builder",),
    ),
    Case(
        "ignore-is-read",
        placed(without="docker/backend/Dockerfile.dockerignore"),
        (
            "fail docker/backend/Dockerfile: `docker/backend/Dockerfile.dockerignore` is not there: "
            "BuildKit would read the one of another image",
        ),
    ),
    Case(
        "ignore-is-read",
        placed(without=".dockerignore"),
        ("fail docker/backend/Dockerfile: `.dockerignore` is not there: builders but BuildKit read none",),
    ),
    Case(
        "ignore-is-read",
        placed({".dockerignore": "**/tests\n"}),
        (
            "fail docker/backend/Dockerfile.dockerignore: `docker/backend/Dockerfile.dockerignore` and "
            "`.dockerignore` differ",
        ),
    ),
    Case(
        "ignore-is-read",
        replace(GOOD, files={"Dockerfile": ""}),
        ("fail Dockerfile: neither `Dockerfile.dockerignore` nor `.dockerignore` is there",),
    ),
    # The lock.
    Case("wheels-complete", locked(LOCK), ("pass 2 distributions pinned for this platform: all there",)),
    Case(
        "wheels-complete",
        locked(LOCK, without="/opt/venv/lib/python3.13/site-packages/uvloop"),
        ("fail requirements.txt: `uvloop==0.22.1` is pinned, and not in the image",),
    ),
    Case(
        "wheels-complete",
        locked(LOCK.replace("0.121.0", "0.120.0")),
        ("fail requirements.txt: `fastapi` is 0.121.0, and ==0.120.0 is pinned",),
    ),
    Case(
        "wheels-complete",
        locked("pip==24.3.1\n", values.metadata("pip", "24.3.1"), BASES_PIP),
        ("pass 1 distribution pinned for this platform: all there",),
    ),
    Case(
        "wheels-complete",
        locked("pip==24.3.1\n", values.metadata("pip", "24.2"), BASES_PIP),
        ("fail requirements.txt: `pip` is 24.2, and ==24.3.1 is pinned",),
    ),
    Case("wheels-complete", locked("fastapi>=0.1\n"), ("skip no version is pinned",)),
    Case(
        "wheels-complete",
        replace(
            GOOD,
            plan=replace(
                PLAN,
                dependencies=Dependencies(
                    manager="uv",
                    files=("uv.lock",),
                    requirements=("uvicorn[standard]",),
                    locked=True,
                    pinned=("uvicorn==0.38.0 --hash=sha256:01", "websockets==17.4 --hash=sha256:23"),
                ),
            ),
        ),
        ("fail uv.lock: `websockets==17.4` is pinned, and not in the image",),
    ),
    Case(
        "wheels-complete",
        containing(without="/opt/venv/lib"),
        ("unknown no distribution's METADATA was found in the image",),
    ),
    # What was understood.
    Case(
        "understood-without-questions",
        GOOD,
        ("pass 6 facts, each in a file: requirements, app.main:app, /health, sqlite, alembic",),
    ),
    *(
        Case(
            "understood-without-questions",
            replace(GOOD, project=known(**{field: Fact(fact.value, "x.py:1", "likely", key="settle-it")})),
            (f"fail x.py:1: {what} is likely, not sure",),
        )
        for field, what, fact in (
            ("dependencies", "the manager", PROJECT.dependencies),
            ("application", "the application", PROJECT.application),
            ("server", "the server", PROJECT.server),
            ("health", "the health route", PROJECT.health),
            ("database", "the database", PROJECT.database),
            ("migrations", "the migrations", PROJECT.migrations),
        )
        if fact
    ),
    Case(
        "understood-without-questions",
        replace(GOOD, project=known(routes=(Fact(Route(path="/m", kind="metrics"), "a.py:1", "guess"),))),
        ("fail a.py:1: the route `/m` is guess, not sure",),
    ),
    Case(
        "understood-without-questions",
        replace(GOOD, project=known(workers=(Fact(Worker(kind="celery", target="a:b"), "a.py:2", "likely"),))),
        ("fail a.py:2: the worker celery is likely, not sure",),
    ),
    Case(
        "understood-without-questions",
        replace(GOOD, project=known(health=None)),
        ("fail no health route was found",),
    ),
    *(
        Case(
            "understood-without-questions",
            replace(
                GOOD,
                project=known(
                    dependencies=Fact(replace(PROJECT.dependencies.value, requirements=(asked,)), "requirements.txt"),
                    migrations=None,
                    database=None,
                ),
            ),
            (f"fail requirements.txt: it asks for {asked.partition('[')[0]}, and {said}",),
        )
        for asked, said in (
            ("alembic", "the migrations were not found"),
            ("asyncpg", "a database was not found"),
            ("redis[hiredis]", "a cache was not found"),
            ("prometheus-client", "the metrics were not found"),
            ("dramatiq[rabbitmq]", "the workers were not found"),
        )
    ),
    # What the guide says.
    Case("documentation-true", replace(GOOD, files={"a": "b"}), ("unknown there is no DOCKER.md to read",)),
    Case(
        "documentation-true",
        guided("| `DATABASE_URL` |", "| `DATABASE_URI` |"),
        (
            f"fail {at('| `DATABASE_URL` |')}: nothing reads the variable `DATABASE_URI`",
            "fail DOCKER.md: the variable `DATABASE_URL` is not in the reference",
        ),
    ),
    Case(
        "documentation-true",
        guided("`sqlite:////data/tasks.db`", "`sqlite:///x.db`"),
        (
            f"fail {at('| `DATABASE_URL` |')}: the default of `DATABASE_URL` is sqlite:////data/tasks.db, not sqlite:///x.db",
        ),
    ),
    Case(
        "documentation-true",
        guided("secret | **required** |", "secret | `abc` |"),
        (f"fail {at('| `SECRET_KEY` |')}: the default of `SECRET_KEY` is none, not abc",),
    ),
    Case(
        "documentation-true",
        guided("http://127.0.0.1:8000", "http://127.0.0.1:9000"),
        (f"fail {at('curl http')}: nothing listens on port 9000",),
    ),
    Case(
        "documentation-true",
        replace(
            guided("secret | **required** |", "secret | **required**, `http://localhost:8080` |"),
            plan=replace(
                PLAN, variables=(PLAN.variables[0], replace(PLAN.variables[1], default="http://localhost:8080"))
            ),
        ),
        ("pass 2 variables and 118 names looked up",),
    ),
    Case(
        "documentation-true",
        guided("`app/settings.py`", "`app/setting.py`"),
        (f"fail {at('`app/settings.py`')}: there is no `app/setting.py`",),
    ),
    Case(
        "documentation-true",
        guided(SAYS_FILES, "See [it](docs/more.md)."),
        (f"fail {at(SAYS_FILES)}: there is no `docs/more.md`",),
    ),
    Case(
        "documentation-true",
        guided("logs -f api", "logs -f web"),
        (f"fail {at('logs -f api')}: there is no service `web`",),
    ),
    Case(
        "documentation-true",
        guided("`user-not-root`", "`user-is-good`"),
        (f"fail {at('`user-not-root`')}: there is no check `user-is-good`",),
    ),
    Case(
        "documentation-true",
        guided(SAYS_FILES, "Security: 9/10."),
        (f"fail {at(SAYS_FILES)}: `9/10` is asserted, and nothing measured it",),
    ),
    Case(
        "documentation-true",
        guided(SAYS_FILES, "The image has ~150MB."),
        (f"fail {at(SAYS_FILES)}: `~150MB` is asserted, and nothing measured it",),
    ),
    *(
        Case("documentation-true", guided(f"## {head}", "## Else"), (f"fail DOCKER.md: no heading is about {what}",))
        for head, what in (
            ("Quick start", "a quick start"),
            ("Configuration", "the configuration"),
            ("Development", "development"),
            ("Hardening", "what was hardened"),
            ("Troubleshooting", "what to do about trouble"),
        )
    ),
    # The development stage.
    Case("dev-stage", GOOD, ("pass `dev`: reloads, debugger on 5678, the source mounted",)),
    Case("dev-stage", placed(), ("pass `dev`: reloads, debugger on 5678, `backend` mounted",)),
    Case("dev-stage", replace(GOOD, files={"a": "b"}), ("unknown there is no Dockerfile to read",)),
    Case("dev-stage", changed("Dockerfile", "AS dev\n", "AS debug\n"), ("fail Dockerfile: no stage is called dev",)),
    Case(
        "dev-stage",
        changed("Dockerfile", "FROM image AS runtime", "FROM dev AS runtime"),
        (f"fail {DEV}: the development stage is what is shipped",),
    ),
    Case(
        "dev-stage",
        changed("Dockerfile", "FROM image AS dev", "FROM build AS dev"),
        (f"fail {DEV}: the development stage does not stand on what is shipped",),
    ),
    Case(
        "dev-stage",
        changed(".lading/launch.dev.json", '"--reload",', ""),
        (f"fail {DEV}: the development stage does not serve anew after an edit",),
    ),
    Case(
        "dev-stage",
        changed(".lading/launch.dev.json", "0.0.0.0:5678", "0.0.0.0:5679"),
        (f"fail {DEV}: no debugger listens on 5678 in the development stage",),
    ),
    Case(
        "dev-stage",
        changed("Dockerfile", "USER 1000:1000\nEXPOSE 5678", "EXPOSE 5678"),
        (f"fail {DEV}: the development stage runs as root",),
    ),
    Case(
        "dev-stage",
        changed("Dockerfile", 'AS runtime\nCMD ["serve"]', 'AS runtime\nCMD ["uvicorn", "--reload"]'),
        (f"fail {SHIPPED}: what is shipped reloads, or has a debugger",),
    ),
    Case(
        "dev-stage",
        changed("compose.override.yaml", "target: dev", "target: runtime"),
        ("fail compose.override.yaml: no service is built with `target: dev`",),
    ),
    Case(
        "dev-stage",
        changed("compose.override.yaml", "- .:/app", "- .:/srv"),
        (f"fail {API}: `api` does not mount the source over /app",),
    ),
    Case(
        "dev-stage",
        changed("compose.override.yaml", ':5678"', ':5679"'),
        (f"fail {API}: `api` does not open the debugger's port",),
    ),
    Case(
        "dev-stage",
        replace(GOOD, files={k: v for k, v in FILES.items() if k != "compose.override.yaml"}),
        ("fail compose.yaml: no compose file is for development",),
    ),
    # What a container of it did.
    Case("reload-serves-edits", GOOD, ("pass an edit of app/main.py was served after 1.20 s, under docker 29.0",)),
    Case("reload-serves-edits", replace(GOOD, development=None), (NOT_RUN,)),
    Case("reload-serves-edits", developed(limit="no Docker"), ("unknown no Docker",)),
    Case("reload-serves-edits", developed(ready=None, before=None), ("fail the development stage never answered",)),
    Case(
        "reload-serves-edits",
        developed(before=Answer(path="/x", status=200, body="lading-edit-is-served 1", seconds=0.1)),
        ("unknown the edit answered before it was made",),
    ),
    Case(
        "reload-serves-edits",
        developed(served=(None, None, None)),
        ("fail app/main.py: an edit of app/main.py was not served",),
    ),
    Case(
        "reload-serves-edits",
        developed(served=(None, 3.5, 3.1)),
        ("fail app/main.py: an edit of app/main.py was served after 3.10 s, the fastest of 3, wanted 3 s",),
    ),
    Case(
        "reload-serves-edits",
        developed(served=(None, 2.0)),
        ("pass an edit of app/main.py was served after 2.00 s, under docker 29.0",),
    ),
    Case("debugger-attaches", GOOD, ("pass on 5678: attached, 2 capabilities",)),
    Case("debugger-attaches", replace(GOOD, development=None), (NOT_RUN,)),
    Case("debugger-attaches", developed(limit="no Docker"), ("unknown no Docker",)),
    Case(
        "debugger-attaches",
        developed(capabilities=(), debugger="it hung up"),
        ("fail no debugger answered on 5678: it hung up",),
    ),
    Case(
        "debugger-attaches",
        developed(attached=False, debugger="it refused `attach`: no"),
        ("fail the debugger took no `attach`: it refused `attach`: no",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{CASES.index(case)}")
def test_what_a_check_says(case: Case) -> None:
    assert said(case.check, case.evidence) == case.said

"""A good backend as values: what is known of an image that keeps every promise. Tests change one thing at a time."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lading import render
from lading.checks import Evidence
from lading.model import (
    Answer,
    App,
    Application,
    Base,
    Binding,
    Contents,
    Cors,
    Criterion,
    Database,
    Dependencies,
    Development,
    Fact,
    File,
    Healthcheck,
    Image,
    Layer,
    Migrations,
    Observation,
    Outcome,
    Plan,
    Process,
    Project,
    Reply,
    Request,
    Run,
    Server,
    Serving,
    Start,
    Variable,
)

SITE = "/opt/venv/lib/python3.13/site-packages"
URL = "sqlite:////data/tasks.db"
SECOND = 1_000_000_000

DEPENDENCIES = Dependencies(
    manager="requirements",
    files=("requirements.txt",),
    requirements=("fastapi>=0.115", "uvicorn[standard]==0.38.0", "sqlalchemy", "alembic"),
    locked=False,
)
MIGRATIONS = Migrations(tool="alembic", config="alembic.ini", folder="migrations", heads=("0002",))
DATABASE = Database(dialect="sqlite", variable="DATABASE_URL", url=URL)

PROJECT = Project(
    name=Fact("task-list", "the folder's name"),
    dependencies=Fact(DEPENDENCIES, "requirements.txt"),
    application=Fact(Application(target="app.main:app"), "app/main.py:18"),
    python=Fact(">=3.12", "pyproject.toml:4"),
    server=Fact(Server(kind="uvicorn"), "requirements.txt:2"),
    health=Fact("/health", "app/main.py:25"),
    environment=(
        Fact(Variable(name="DATABASE_URL", default="sqlite:///./tasks.db"), "app/settings.py:6"),
        Fact(Variable(name="SECRET_KEY", required=True, secret=True), "app/settings.py:9"),
    ),
    host=Fact("HOST", "app/settings.py:7"),
    port=Fact("PORT", "app/settings.py:8"),
    database=Fact(replace(DATABASE, url="sqlite:///./tasks.db"), "app/settings.py:6"),
    migrations=Fact(MIGRATIONS, "alembic.ini:3"),
)

IGNORE = """\
# what no image needs
**/tests
**/__pycache__
**/*.pyc
**/.pytest_cache
**/.mypy_cache
**/.ruff_cache
**/.git
**/*.md
**/.env*
**/.venv
**/.vscode
**/.idea
**/*.db
**/*.db-*
**/*.sqlite
**/*.sqlite3
**/*.sqlite3-*
"""

PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONPYCACHEPREFIX": "/opt/pycache"}

PLAN = Plan(
    name="task-list",
    base=Base(image="python:3.12-slim", suite="trixie", python="3.13", packages=("ca-certificates", "tzdata")),
    dependencies=DEPENDENCIES,
    app=App(target="app.main:app", factory=False, folder=".", exclude=tuple(IGNORE.splitlines()[1:])),
    env={"PATH": "/opt/venv/bin:/usr/bin:/bin", "PYTHONPATH": "/app", "DATABASE_URL": URL, **PYTHON},
    variables=(Variable(name="DATABASE_URL", default=URL), Variable(name="SECRET_KEY", required=True, secret=True)),
    host=Binding(variable="HOST", default="0.0.0.0"),
    port=Binding(variable="PORT", default="8000"),
    log_level=Binding(variable="LOG_LEVEL", default="info"),
    database=DATABASE,
    migrations=MIGRATIONS,
    server=Serving(cors=Cors(variable="CORS_ORIGINS", written="comma")),
    health=Healthcheck(path="/health"),
    size_limit=200_000_000,
    because={
        "app.target": "app/main.py:18",
        "database": "app/settings.py:6",
        "dependencies": "requirements.txt",
        "env.DATABASE_URL": "app/settings.py:6, moved on to the volume",
        "health.path": "app/main.py:25",
        "host.variable": "app/settings.py:7",
        "migrations": "alembic.ini:3",
        "name": "pyproject.toml:2",
        "port.variable": "app/settings.py:8",
        "server.cors": "app/main.py:20",
        "size_limit": "lading.toml size-limit",
        "variables.DATABASE_URL": "app/settings.py:6",
        "variables.SECRET_KEY": "app/settings.py:9",
        "volume": "default",
    },
)

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG PYTHON_IMAGE=python:3.12-slim
FROM ${PYTHON_IMAGE} AS builder
COPY requirements.txt /tmp/
RUN --mount=type=cache,target=/root/.cache \\
    pip install --prefix /opt/venv -r /tmp/requirements.txt

FROM ${PYTHON_IMAGE} AS runtime
COPY --from=builder /opt/venv /opt/venv
COPY --chown=1000:1000 app /app/app
COPY --chown=1000:1000 migrations /app/migrations
COPY --chown=1000:1000 alembic.ini /app/
USER 1000:1000
ENTRYPOINT ["/opt/venv/bin/python", "-S", "/opt/lading"]
CMD ["serve"]
"""

TREE = (
    ".env.example",
    "README.md",
    "alembic.ini",
    "app/__init__.py",
    "app/main.py",
    "app/settings.py",
    "migrations/env.py",
    "migrations/versions/0001_tasks.py",
    "migrations/versions/0002_done.py",
    "requirements.txt",
    "tests/test_tasks.py",
)

LAUNCH = ("/opt/venv/bin/python", "-S", "/opt/lading")

CONFIG: Mapping[str, Any] = {
    "User": "1000:1000",
    "Env": [f"{name}={value}" for name, value in PLAN.env.items()],
    "Entrypoint": list(LAUNCH),
    "Cmd": ["serve"],
    "Healthcheck": {
        "Test": ["CMD", *LAUNCH, "healthcheck"],
        "Interval": 30 * SECOND,
        "Timeout": 10 * SECOND,
        "StartPeriod": 10 * SECOND,
        "Retries": 3,
    },
}


def layer(number: int, unpacked: int, made_by: str) -> Layer:
    digest = f"sha256:{number:064x}"
    return Layer(
        digest=digest,
        diff_id=digest,
        size=unpacked // 3,
        unpacked=unpacked,
        media_type="application/vnd.oci.image.layer.v1.tar+gzip",
        made_by=made_by,
        blob=Path("layer.tar.gz"),
    )


IMAGE = Image(
    digest="sha256:3f2a9c1b0d4e" + 52 * "0",
    platform="linux/amd64",
    config={"config": CONFIG, "history": [{"created_by": "base: Debian trixie"}, {"created_by": "the project"}]},
    layers=(layer(1, 41_000_000, "base"), layer(2, 43_000_000, "wheels"), layer(3, 100_000, "the project")),
)


def file(path: str, data: str | None = None, *, mode: int = 0o644, owner: int = 0, size: int = 100) -> File:
    held = data.encode() if data is not None else None
    return File(path=path, kind="file", mode=mode, uid=owner, gid=owner, size=len(held or "") or size, data=held)


def folder(path: str, *, owner: int = 0) -> File:
    return File(path=path, kind="directory", mode=0o755, uid=owner, gid=owner)


def link(path: str, to: str) -> File:
    return File(path=path, kind="symlink", mode=0o777, uid=0, gid=0, link=to)


def metadata(name: str, version: str, *requires: str, site: str = SITE) -> File:
    headers = [
        f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}",
        *(f"Requires-Dist: {one}" for one in requires),
    ]
    text = "\n".join(headers) + "\n\nRequires-Dist: nothing, this is the description\n"
    return file(f"{site}/{name.replace('-', '_')}-{version}.dist-info/METADATA", text)


BASE = (
    link("/bin", "usr/bin"),
    folder("/usr"),
    folder("/usr/bin"),
    file("/usr/bin/python3.13", mode=0o755),
    link("/usr/bin/python3", "python3.13"),
    file("/usr/local/include/python3.12/Python.h"),
    file("/etc/ssl/certs/ca-certificates.crt"),
    file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nappuser:x:1000:1000::/home/appuser:/usr/sbin/nologin\n"),
    folder("/etc"),
    folder("/home"),
    folder("/home/appuser", owner=1000),
)
WHEELS = (
    folder("/opt"),
    folder("/opt/venv"),
    folder("/opt/venv/bin"),
    link("/opt/venv/bin/python", "/bin/python3"),
    file("/opt/lading/launch.py"),
    folder("/opt/lading"),
    metadata("fastapi", "0.121.0", "starlette>=0.40", 'httpx>=0.23; extra == "standard"'),
    metadata("starlette", "0.50.0", 'typing-extensions>=4.10; python_version < "3.13"'),
    metadata(
        "uvicorn",
        "0.38.0",
        "click>=7.0",
        'uvloop>=0.15; sys_platform != "win32" and extra == "standard"',
        'colorama; sys_platform == "win32" and extra == "standard"',
    ),
    metadata("uvloop", "0.22.1"),
    metadata("click", "8.3.0", 'colorama; platform_system == "Windows"'),
    metadata("SQLAlchemy", "2.1.0", 'greenlet; python_full_version < "3.13.5"'),
    metadata("alembic", "1.17.0", "sqlalchemy>=1.4", "Mako"),
    metadata("Mako", "1.3.10"),
    file(f"{SITE}/certifi/cacert.pem", "-----BEGIN CERTIFICATE-----\n" + 64 * "A" + "\n-----END CERTIFICATE-----\n"),
    file(f"{SITE}/fastapi/README.md"),
)
APP = (
    folder("/app", owner=1000),
    folder("/app/app", owner=1000),
    file("/app/app/__init__.py", "", owner=1000),
    file("/app/app/main.py", 'SECRET_KEY = os.environ["SECRET_KEY"]\n', owner=1000),
    file("/app/alembic.ini", "sqlalchemy.url = driver://user:pass@localhost/db\n", owner=1000),
    folder("/app/migrations", owner=1000),
    file("/app/migrations/env.py", owner=1000),
    folder("/app/migrations/versions", owner=1000),
    file("/app/migrations/versions/0001_tasks.py", owner=1000),
    file("/app/migrations/versions/0002_done.py", owner=1000),
    folder("/data", owner=1000),
)


def contents(*layers: tuple[File, ...]) -> Contents:
    """The file system that `layers` add up to, whiteouts heeded."""
    files: dict[str, File] = {}
    for entries in layers:
        for entry in entries:
            place, _, name = entry.path.rpartition("/")
            if name.startswith(".wh."):
                files.pop(f"{place}/{name.removeprefix('.wh.')}", None)
            else:
                files[entry.path] = entry
    return Contents(layers=layers, files=files)


CONTENTS = contents(BASE, WHEELS, APP)

ORIGIN, STRANGER = "https://lading.example", "https://stranger.example"

ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "port": {"PORT": "9000", "LOG_LEVEL": "WARNING"},
    "host": {"HOST": "127.0.0.1", "LOG_LEVEL": "debug", "CORS_ORIGINS": ORIGIN},
    "database": {"DATABASE_URL": "sqlite:////data/other.db"},
}

SERVER = ("/opt/venv/bin/python", "-m", "uvicorn", "app.main:app")


CREATE = Request(
    method="POST", path="/tasks", headers={"Content-Type": "application/json"}, body='{"title": "Milk"}', status=201,
    contains=("Milk",), keep={"task": "id"},
)  # fmt: skip
READ = Request(path="/tasks/{task}", contains=("Milk",), again=True)


def reply(request: Request, body: str = '{"id": 1, "title": "Milk"}', status: int | None = None) -> Reply:
    """What `request` was answered, as it is to be where nothing else is said."""
    answer = Answer(path=request.path, status=status or request.status, body=body, seconds=0.01)
    return Reply(request=request, answer=answer, kept=dict.fromkeys(request.keep, "1"))


def foreign(origin: str, allowed: str | None = None, *, status: int | None = 200, cookies: bool = False) -> Answer:
    """What a page of `origin` was answered, and which one is `allowed`."""
    allows = {"access-control-allow-origin": allowed} if allowed else {}
    allows |= {"access-control-allow-credentials": "true"} if cookies else {}
    error = "" if status else "timed out"
    return Answer(path="/health", status=status, body=origin, seconds=0.002, error=error, allows=allows)


REPLIES = (reply(CREATE), reply(READ))


def run(name: str) -> Run:
    """A start that went well; `connect` and `refused` are what the scenarios of that name ask for."""
    database = "other.db" if name == "database" else "tasks.db"
    refused: tuple[tuple[str, int], ...] = {"port": (("127.0.0.1", 8000),), "host": (("10.0.0.2", 8000),)}.get(name, ())
    start = Start(
        name=name,
        environment=ENVIRONMENTS.get(name, {}),
        mount="bind" if name == "bind" else "tmpfs" if name == "tmpfs" else "volume",
        reuse="defaults" if name in {"port", "host"} else None,
        connect=("127.0.0.1", 9000 if name == "port" else 8000),
        refused=refused,
        origins={"defaults": (ORIGIN,), "host": (ORIGIN, STRANGER)}.get(name, ()),
        stall=name == "defaults",
        samples=50 if name == "defaults" else 0,
        requests=(CREATE, READ) if name in {"defaults", "tmpfs"} else (READ,) if name == "port" else (),
        drain=CREATE if name == "database" else None,
        twice=name == "database",
    )
    asked = {"defaults": ((ORIGIN, None),), "host": ((ORIGIN, ORIGIN), (STRANGER, None))}.get(name, ())
    well = Outcome(argv=(*LAUNCH, "healthcheck"), status=0, output="", seconds=0.04)
    return Run(
        start=start,
        ready=0.42,
        exited=None,
        answers=(Answer(path="/health", status=200, body='{"status": "healthy"}', seconds=0.003),),
        samples=(0.002,) * 47 + (0.003,) * 3 if name == "defaults" else (),
        refused=refused,
        processes=(Process(pid=1, uid=1000, gid=1000, argv=SERVER),),
        health=well,
        engine_health=None,
        stalled=Outcome(argv=well.argv, status=1, output="timed out", seconds=8.1) if name == "defaults" else None,
        writes={"/data": Outcome(argv=("touch",), status=0, output="", seconds=0.01)},
        written=(),
        volume=(f"/data/{database}",),
        revisions={f"/data/{database}": ("0002",)},
        stopped=0,
        stop_seconds=0.3,
        log="started\n" if name == "port" else "INFO: started\n",
        replies=REPLIES[-len(start.requests) :] if start.requests else (),
        foreign=tuple((origin, foreign(origin, allowed)) for origin, allowed in asked),
        drained=REPLIES[0].answer if name == "database" else None,
        second=Outcome(argv=SERVER, status=1, output="[Errno 98] address already in use\n", seconds=1.2)
        if name == "database"
        else None,
    )


#: A database that no migration leads on from: it ends, and never answers.
NEWER = replace(
    run("newer"), start=Start(name="newer", stamp="no_such_revision"), ready=None, exited=1, answers=(), processes=(),
    health=None, writes={}, volume=(), revisions={}, stopped=None, stop_seconds=None, log="lading: no such revision\n",
)  # fmt: skip

RUNS = {
    **{name: run(name) for name in ("defaults", "port", "host", "database", "bind", "tmpfs")},
    "newer": NEWER,
}
OBSERVATION = Observation(engine="unshare (user namespace)", image=IMAGE.digest, runs=RUNS)

#: What `lading init` writes.
FILES = {**render.files(PLAN), "requirements.txt": "fastapi>=0.115\nuvicorn[standard]==0.38.0\nsqlalchemy\nalembic\n"}

DEVELOPMENT = Development(
    engine="docker 29.0",
    ready=1.4,
    edited="app/main.py",
    before=Answer(path="/lading-edit", status=404, body='{"detail":"Not Found"}', seconds=0.01),
    served=(1.2,),
    capabilities=("supportsLogPoints", "supportsSetVariable"),
    attached=True,
    log="reloading\n",
)

GOOD = Evidence(
    project=PROJECT,
    plan=PLAN,
    dockerfile=DOCKERFILE,
    ignore=IGNORE,
    tree=TREE,
    context=TREE,
    files=FILES,
    development=DEVELOPMENT,
    image=IMAGE,
    contents=CONTENTS,
    observation=OBSERVATION,
)


def configured(**changes: Any) -> Evidence:
    """`GOOD`, with other keys of the image's configuration."""
    return replace(GOOD, image=replace(IMAGE, config={**IMAGE.config, "config": {**CONFIG, **changes}}))


def containing(*files: File, without: str = "") -> Evidence:
    """`GOOD`, with a layer more, and without the paths that start with `without`."""
    kept = tuple(
        tuple(one for one in entries if not (without and one.path.startswith(without)))
        for entries in (BASE, WHEELS, APP)
    )
    return replace(GOOD, contents=contents(*kept, files) if files else contents(*kept))


def planned(**changes: Any) -> Evidence:
    """`GOOD`, with another plan."""
    return replace(GOOD, plan=replace(PLAN, **changes))


def observed(name: str, **changes: Any) -> Evidence:
    """`GOOD`, with one start that did other things."""
    return replace(GOOD, observation=replace(OBSERVATION, runs={**RUNS, name: replace(RUNS[name], **changes)}))


def unobserved(*names: str, limits: tuple[str, ...] = ()) -> Evidence:
    """`GOOD`, without these starts."""
    runs = {name: one for name, one in RUNS.items() if name not in names}
    return replace(GOOD, observation=replace(OBSERVATION, runs=runs, limits=limits))


#: The criteria of S0, as its example names them.
S0 = tuple(
    Criterion(id=f"S0-{number}", title=title, checks=tuple(checks.split()))
    for number, (title, checks) in enumerate(
        (
            ("two stages, artefacts only", "two-stages final-stage-copies-artefacts no-build-tools"),
            ("production dependencies only", "production-dependencies no-development-dependencies"),
            ("minimal files", "no-forbidden-files no-forbidden-files-after-traffic"),
            (".dockerignore", "ignore-covers ignore-leaks-nothing ignore-keeps-needed"),
            ("an ordinary user who may write", "user-not-root process-not-root owners volume-writable"),
            ("GET /health", "health-answers"),
            (
                "HEALTHCHECK",
                "healthcheck-declared healthcheck-passes healthcheck-follows-port healthcheck-fails-when-stalled",
            ),
            ("under 200 MB", "size"),
            ("configured by variables", "defaults-work port-configures host-configures database-configures"),
            ("migrations", "migrations-in-image migrations-applied"),
        ),
        1,
    )
)

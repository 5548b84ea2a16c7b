"""Checks of compose files: silent on the stack that is generated, and on each thing that is broken in it, they bite."""

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from test_checks_files import Case, said
from test_ignore import docker
from values import GOOD, PLAN

from lading import checks, render
from lading.checks import Evidence, around, composition
from lading.gitignore import matcher
from lading.model import Backing, Program
from lading.source import Memory

STACK = replace(
    PLAN,
    backing=(
        Backing(kind="postgresql", role="database", variable="DATABASE_URL", driver="asyncpg"),
        Backing(kind="redis", role="cache", variable="REDIS_URL"),
        Backing(kind="amqp", role="broker", variable="BROKER_URL"),
    ),
    programs=(Program(name="dramatiq", kind="dramatiq", role="worker", target="app.tasks", broker="BROKER_URL"),),
)
FILES = {**render.files(STACK), ".gitignore": ".env\n.secrets/\n"}
TREE = (".gitignore", ".secrets/postgres_password", "app/main.py", "compose.yaml")
WHOLE = replace(GOOD, plan=STACK, files=FILES, context=TREE)
MORE = "compose.override.yaml"


def stack(old: str = "", new: str = "", *, path: str = "compose.yaml", tree: tuple[str, ...] = TREE) -> Evidence:
    """The generated stack, with the first `old` of a file in it replaced by `new`."""
    assert old in FILES[path], old
    new += "#\n" * (old.count("\n") - new.count("\n"))  # what follows stays on its line
    return replace(WHOLE, files={**FILES, path: FILES[path].replace(old, new, 1)}, context=tree)


def written(text: str, more: str = "", files: Mapping[str, str] | None = None) -> Evidence:
    """Compose files that somebody wrote by hand."""
    override = {MORE: more} if more else {}
    return replace(WHOLE, files={"compose.yaml": text, **override, **(files or {})})


WAITS = "services:\n  web:\n    build: .\n    depends_on: "


def place(text: str, path: str = "compose.yaml") -> str:
    """`path:line` of the line that begins with `text`."""
    lines = FILES[path].splitlines()
    return f"{path}:{next(number for number, line in enumerate(lines, 1) if line.startswith(text))}"


def after(text: str, start: str) -> str:
    """The same of the first such line after the one that begins with `start`."""
    lines = FILES["compose.yaml"].splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(start))
    return f"compose.yaml:{next(n for n, line in enumerate(lines[begin:], begin + 1) if line.startswith(text))}"


def holding(text: str) -> str:
    """The same of the first line of the other file that holds `text`."""
    lines = FILES[MORE].splitlines()
    return f"{MORE}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


def below(where: str, lines: int) -> str:
    """So many lines after it."""
    path, _, number = where.rpartition(":")
    return f"{path}:{int(number) + lines}"


#: Who runs the backend's own image, and where that is said.
API, WORKER, POSTGRES, REDIS = place("  api:"), place("  worker:"), place("  postgres:"), place("    image: redis")
OURS = (("api", API), ("worker", WORKER))
HARDENED = ("api", "worker", "postgres", "redis", "rabbitmq")
MINE = "services:\n  web:\n    build: .\n    networks: [own]\n"
NETS = "networks: {own: {}}\n"


def everywhere(missing: str) -> tuple[str, ...]:
    """What the hardening check says where the part that all services share lacks something."""
    return tuple(f"fail {place(f'  {name}:')}: `{name}` has {missing}" for name in HARDENED)


WELL = ("pass 5 services in compose.yaml, 5 services in compose.override.yaml; all that they name is declared",)
HARD = ("pass 5 services: read-only, no capabilities, limits, restarts, time to end",)

CASES = (
    # What it names is there.
    Case("compose-valid", stack(), WELL),
    Case("compose-valid", replace(WHOLE, files={"README.md": "x"}), ("unknown there is no compose file to read",)),
    Case(
        "compose-valid",
        written("services:\n  web:\n\timage: a\n"),
        (
            "fail compose.yaml:3: the line is indented with a tab",
            "fail compose.yaml:2: `web` has no image and is not built",
        ),
    ),
    Case(
        "compose-valid",
        written("services:\n  web:\n    image: a\n    image: b\n"),
        ("fail compose.yaml:4: the line says the same key again",),
    ),
    Case(
        "compose-valid",
        written("services:\n  web:\n    image: a\n    nonsense\n"),
        ("fail compose.yaml:4: the line is no `key: value`",),
    ),
    Case(
        "compose-valid",
        written('services:\n  web:\n    image: "a\n'),
        ("fail compose.yaml:3: the line opens a quotation mark and does not close it",),
    ),
    Case(
        "compose-valid",
        written("services:\n  web:\n    image: a\n    ports: [1, 2\n"),
        ("fail compose.yaml:4: the line opens a bracket and does not close it",),
    ),
    Case("compose-valid", written("volumes: {}\n"), ("fail compose.yaml: there are no services",)),
    Case(
        "compose-valid",
        stack("    image: postgres:16\n"),
        (f"fail {POSTGRES}: `postgres` has no image and is not built",),
    ),
    Case(
        "compose-valid",
        stack("  redis:\n", "  absent:\n", path=MORE),
        (f"fail {place('  redis:', MORE)}: `absent` has no image and is not built",),
    ),
    Case(
        "compose-valid",
        stack("    postgres:\n      condition", "    postgresql:\n      condition"),
        tuple(
            f"fail {place('    postgres:')}: `{name}` waits for `postgresql`, and there is no such service"
            for name in ("api", "worker")
        ),
    ),
    Case(
        "compose-valid",
        stack("  postgres_data: {}\n"),
        (f"fail {place('      - postgres_data')}: `postgres` uses the volume `postgres_data`, which is not declared",),
    ),
    Case(
        "compose-valid",
        stack("  postgres_password:\n", "  other:\n"),
        (
            f"fail {place('      - postgres_password')}: `postgres` uses the secret `postgres_password`, "
            "which is not declared",
        ),
    ),
    Case("compose-valid", written(MINE), ("fail compose.yaml:4: `web` uses the network `own`, which is not declared",)),
    Case(
        "compose-valid",
        written("include: [other.yaml]\n" + MINE + NETS),
        ("unknown compose.yaml includes other files, which were not read",),
    ),
    Case(
        "compose-valid",
        written("services:\n  web:\n    extends: {file: a.yaml, service: b}\n"),
        ("unknown `web` extends another, which was not read: compose.yaml:3",),
    ),
    # Whoever waits, waits for what is well.
    Case("compose-health", stack(), ("pass 5 services, watched; 6 waits for what is well",)),
    Case(
        "compose-health",
        stack('      test: [CMD, pg_isready, "-q", "-h", "127.0.0.1", "-U", app, "-d", app]\n'),
        (f"fail {after('    healthcheck', '  postgres:')}: `postgres` has no health check",),
    ),
    Case(
        "compose-health",
        stack(
            "    healthcheck:\n      test: [CMD, /opt",
            "    healthcheck:\n      disable: true\n      x-test: [CMD, /opt",
        ),
        (f"fail {after('    healthcheck', '  api:')}: `api` has no health check",),
    ),
    Case(
        "compose-health",
        stack("test: [CMD, /opt/venv/bin/python", "test: [CMD, curl"),
        (
            f"fail {after('    healthcheck', '  api:')}: the health check of `api` asks with a program "
            "that its image does not have",
        ),
    ),
    Case(
        "compose-health",
        stack("condition: service_healthy", "condition: service_started"),
        tuple(
            f"fail {place('    postgres:')}: `{name}` waits only until `postgres` has started"
            for name in ("api", "worker")
        ),
    ),
    Case(
        "compose-health",
        stack("condition: service_healthy", "condition: service_completed_successfully"),
        tuple(
            f"fail {place('    postgres:')}: `{name}` waits until `postgres` ends, which it never does"
            for name in ("api", "worker")
        ),
    ),
    Case(
        "compose-health",
        stack("condition: service_healthy", "condition: healthy"),
        tuple(
            f"fail {place('    postgres:')}: `{name}` waits for `healthy`, which is no condition"
            for name in ("api", "worker")
        ),
    ),
    Case(
        "compose-health",
        stack("    postgres:\n      condition: service_healthy\n"),
        (f"fail {POSTGRES}: nobody waits for `postgres`",),
    ),
    Case(
        "compose-health",
        written(WAITS + "[db]\n  db:\n    image: postgres:16\n    healthcheck: {test: [CMD, pg_isready]}\n"),
        ("fail compose.yaml:4: `web` waits only until `db` has started",),
    ),
    Case(
        "compose-health",
        written(
            WAITS
            + "{job: {condition: service_completed_successfully}}\n  job:\n    image: a:1\n    restart: on-failure\n"
        ),
        ("pass 2 services, watched; 1 wait for what is well",),
    ),
    # A network of its own.
    Case("compose-network", stack(), ("pass 5 services in `backend`",)),
    Case(
        "compose-network",
        stack("networks:\n  backend: {}\n"),
        ("fail compose.yaml: no network of its own is declared",),
    ),
    Case(
        "compose-network",
        written(MINE + "networks: {own: {external: true}}\n"),
        ("fail compose.yaml: no network of its own is declared",),
    ),
    Case(
        "compose-network",
        stack("    image: postgres:16\n", "    image: postgres:16\n    networks: [other]\n"),
        (
            *(
                f"fail {place('    postgres:')}: `{name}` cannot reach `postgres`: no network is both's"
                for name in ("api", "worker")
            ),
            f"fail {POSTGRES}: `postgres` is not in the network of the stack",
        ),
    ),
    Case(
        "compose-network",
        written(MINE + "    network_mode: host\n" + NETS),
        ("fail compose.yaml:5: `web` has the network mode `host`",),
    ),
    # All that the plan knows.
    Case(
        "compose-covers-services",
        stack(),
        ("pass the server, postgresql store, redis store, amqp store, worker `dramatiq`",),
    ),
    Case(
        "compose-covers-services",
        stack("image: postgres:16", "image: mongo:7"),
        ("fail compose.yaml: no service is a postgresql store, and the plan has one",),
    ),
    Case(
        "compose-covers-services",
        stack("image: redis:7", "image: valkey/valkey:8-alpine"),
        ("pass the server, postgresql store, redis store, amqp store, worker `dramatiq`",),
    ),
    Case(
        "compose-covers-services",
        stack("command: [worker, dramatiq]", "command: [serve]"),
        ("fail compose.yaml: no service is the worker `dramatiq`",),
    ),
    Case(
        "compose-covers-services",
        stack("    command: [serve]\n", "    command: [worker]\n"),
        ("fail compose.yaml: no service is the server, built here",),
    ),
    Case(
        "compose-covers-services",
        stack("    build:\n      context: .\n", "    build:\n      context: ./front\n"),
        ("fail compose.yaml: no service is the server, built here",),
    ),
    # What is kept is kept on volumes.
    Case("compose-volumes", stack(), ("pass 5 named volumes for the data",)),
    Case(
        "compose-volumes",
        stack("      - postgres_data:/var/lib/postgresql/data\n", "      - postgres_data:/backup\n"),
        (f"fail {POSTGRES}: `postgres` keeps what is in /var/lib/postgresql on no volume",),
    ),
    Case(
        "compose-volumes",
        stack("- postgres_data:/var", "- ./data:/var"),
        (f"fail {place('      - postgres_data')}: `postgres` keeps its data on the folder `./data`",),
    ),
    Case(
        "compose-volumes",
        stack("- postgres_data:/var", "- /var"),
        (f"fail {place('      - postgres_data')}: `postgres` keeps its data on an anonymous volume",),
    ),
    Case(
        "compose-volumes",
        stack("- data:/data", "- data:/srv"),
        tuple(f"fail {where}: `{name}` keeps what is in /data on no volume" for name, where in OURS),
    ),
    Case(
        "compose-volumes", written("services:\n  proxy:\n    image: nginx:1\n"), ("skip nothing here keeps anything",)
    ),
    # What is open.
    Case("compose-ports", stack(), ("pass production publishes 8000, development 5 more on the loopback",)),
    Case(
        "compose-ports",
        stack("    image: postgres:16\n", '    image: postgres:16\n    ports: ["127.0.0.1:5432:5432"]\n'),
        (f"fail {below(POSTGRES, 3)}: `postgres` publishes port 5432 in production",),
    ),
    Case(
        "compose-ports",
        stack(
            "    image: redis:7\n", "    image: redis:7\n    ports:\n      - target: 6379\n        published: 6379\n"
        ),
        (f"fail {below(REDIS, 2)}: `redis` publishes port 6379 in production",),
    ),
    Case(
        "compose-ports",
        stack("127.0.0.1:8000}:8000", "127.0.0.1:5678}:5678"),
        (f"fail {after('      - ', '    ports:')}: `api` publishes port 5678 in production",),
    ),
    Case(
        "compose-ports",
        stack("127.0.0.1:8000}:8000", "8000}:8000"),
        ("pass production publishes 8000, development 5 more on the loopback",),
    ),
    Case(
        "compose-ports",
        stack("127.0.0.1:5432}:5432", "5432}:5432", path=MORE),
        (f"fail {holding('{PUBLISH_POSTGRES:')}: `postgres` opens port 5432 to every address in development",),
    ),
    Case(
        "compose-ports",
        stack("127.0.0.1:5678}:5678", "0.0.0.0:5678}:5678", path=MORE),
        (f"fail {holding('{PUBLISH_DEBUGGER:')}: `api` opens port 5678 to every address in development",),
    ),
    Case(
        "compose-ports",
        written("services:\n  web:\n    image: caddy:2\n    ports: ['443:443']\n"),
        ("pass production publishes 443",),
    ),
    # What a container may do.
    Case("compose-hardened", stack(), HARD),
    Case("compose-hardened", stack("  read_only: true\n"), everywhere("no read-only root")),
    Case("compose-hardened", stack("  cap_drop: [ALL]\n"), everywhere("no `cap_drop: [ALL]`")),
    Case("compose-hardened", stack("  security_opt: [no-new-privileges:true]\n"), everywhere("no `no-new-privileges`")),
    Case("compose-hardened", stack("  pids_limit: 512\n"), everywhere("no limit of processes")),
    Case("compose-hardened", stack("  cpus: 1.0\n"), everywhere("no limit of processors")),
    Case("compose-hardened", stack("  restart: unless-stopped\n"), everywhere("no policy for restarts")),
    Case("compose-hardened", stack("    mem_limit: 1g\n"), (f"fail {WORKER}: `worker` has no limit of memory",)),
    Case("compose-hardened", stack("    mem_limit: 1g\n", "    deploy: {resources: {limits: {memory: 1g}}}\n"), HARD),
    Case(
        "compose-hardened",
        stack("  tmpfs:\n    - /tmp\n"),
        tuple(f"fail {where}: `{name}` has no tmpfs" for name, where in OURS),
    ),
    Case(
        "compose-hardened",
        stack("    stop_grace_period: 10s\n", "    stop_grace_period: 9s\n"),
        (f"fail {API}: `api` has 9s to end, and its server takes up to 10 s",),
    ),
    Case(
        "compose-hardened",
        replace(stack("    stop_grace_period: 10s\n"), plan=replace(STACK, stop_seconds=30)),
        (f"fail {API}: `api` has 10s to end, and its server takes up to 30 s",),
    ),
    *(
        Case(
            "compose-hardened",
            stack("    image: redis:7\n", f"    image: redis:7\n    {line}\n"),
            (f"fail {below(REDIS, 1)}: `redis` {what}",),
        )
        for line, what in (
            ("privileged: true", "is privileged"),
            ("pid: host", "has the machine's own `pid`"),
            ("ipc: host", "has the machine's own `ipc`"),
            ("cap_add: [SYS_ADMIN]", "has the capability SYS_ADMIN"),
        )
    ),
    Case(
        "compose-hardened",
        stack("- redis_data:/data", "- /var/run/docker.sock:/var/run/docker.sock"),
        (f"fail {place('      - redis_data')}: `redis` has the engine's socket, which is root on the machine",),
    ),
    Case(
        "compose-hardened",
        stack("- redis_data:/data", "- /etc:/data"),
        (f"fail {place('      - redis_data')}: `redis` has the machine's `/etc`",),
    ),
    # Where secrets are.
    Case("compose-secrets", stack(), ("pass no value of a secret; 7 secrets in files that git does not have",)),
    Case(
        "compose-secrets",
        stack("POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password", "POSTGRES_PASSWORD: postgres"),
        (f"fail {place('      POSTGRES_PASSWORD_FILE')}: `postgres` has a value for `POSTGRES_PASSWORD`",),
    ),
    Case(
        "compose-secrets",
        stack("POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password", "POSTGRES_PASSWORD: ${PASSWORD:-postgres}"),
        (f"fail {place('      POSTGRES_PASSWORD_FILE')}: `postgres` has a value for `POSTGRES_PASSWORD`",),
    ),
    Case(
        "compose-secrets",
        stack("POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password", "POSTGRES_PASSWORD: ${PASSWORD:?in .env}"),
        ("pass no value of a secret; 7 secrets in files that git does not have",),
    ),
    Case(
        "compose-secrets",
        stack("DATABASE_URL_FILE: /run/secrets/database_url", "DATABASE_URL: postgresql://app:pw@postgres/app"),
        tuple(
            f"fail {place('    DATABASE_URL_FILE')}: `{name}` has a password in the URL `DATABASE_URL`"
            for name in ("api", "worker")
        ),
    ),
    Case(
        "compose-secrets",
        stack("command: [redis-server, /run/secrets/redis.conf", "command: [redis-server, --requirepass, x"),
        (f"fail {place('    command: [redis-server')}: `redis` has a password in its command",),
    ),
    Case(
        "compose-secrets",
        stack("      context: .\n", "      context: .\n      args: {PIP_TOKEN: abc}\n"),
        (f"fail {below(API, 5)}: `api` has a value for `PIP_TOKEN`",),
    ),
    Case(
        "compose-secrets",
        replace(WHOLE, files={**FILES, ".gitignore": ".env\n"}),
        (
            f"fail {place('  postgres_password:')}: the secret `postgres_password` is in "
            "`.secrets/postgres_password`, which git does not ignore",
        ),
    ),
    Case(
        "compose-secrets",
        stack(tree=(*TREE, ".env")),
        ("pass no value of a secret; 7 secrets in files that git does not have",),
    ),
    Case(
        "compose-secrets",
        replace(stack(tree=(*TREE, "app/.env")), files={**FILES, ".gitignore": "/.env\n.secrets\n"}),
        ("fail app/.env: git does not ignore `app/.env`, which was not read",),
    ),
    Case(
        "compose-secrets",
        replace(
            stack(tree=(*TREE, "data/.env")),
            files={
                **FILES,
                ".gitignore": ".env\n!data/.env\n.secrets\n",
                "data/.env": "LOG_LEVEL=ERROR\nENCRYPTION_KEY=abc\n# API_KEY=abc\n",
            },
        ),
        ("fail data/.env:2: `data/.env` has a value for `ENCRYPTION_KEY`, and git does not ignore it",),
    ),
    Case(
        "compose-secrets",
        replace(
            stack(tree=(*TREE, "web/.env")),
            files={**FILES, ".gitignore": "/.env\n.secrets\n", "web/.env": "PUBLIC_URL=http://localhost:8000\n"},
        ),
        ("pass no value of a secret; 7 secrets in files that git does not have",),
    ),
    Case(
        "compose-secrets",
        written(
            "services:\n  web:\n    build: .\n    env_file: [prod.env]\n", files={"prod.env": "A=b\nSECRET_KEY='abc'\n"}
        ),
        ("fail prod.env:2: `prod.env` has a value for `SECRET_KEY`, and git does not ignore it",),
    ),
    Case(
        "compose-secrets",
        written(
            "services:\n  web:\n    build: .\n    env_file: [prod.env]\n",
            files={"prod.env": "SECRET_KEY='abc'\n", ".gitignore": "*.env\n"},
        ),
        ("pass no value of a secret; 0 secrets in files that git does not have",),
    ),
    Case(
        "compose-secrets",
        written("services:\n  web:\n    build: .\nsecrets:\n  a:\n    content: b\n"),
        ("fail compose.yaml:5: the secret `a` stands in compose.yaml",),
    ),
    # What is pulled.
    Case("compose-pinned-images", stack(), ("pass 3 images pulled: postgres:16, redis:7, rabbitmq:4",)),
    *(
        Case(
            "compose-pinned-images",
            stack("image: postgres:16", f"image: {name}"),
            (f"fail {place('    image: postgres')}: `postgres` takes whatever `{told}` is today",),
        )
        for name, told in (
            ("postgres", "postgres"),
            ("localhost:5000/postgres", "localhost:5000/postgres"),
            ("postgres:latest", "postgres:latest"),
            ("postgres:${TAG:-latest}", "postgres:latest"),
        )
    ),
    Case(
        "compose-pinned-images",
        stack("image: postgres:16", "image: postgres@sha256:" + 64 * "a"),
        (f"pass 3 images pulled: postgres@sha256:{64 * 'a'}, redis:7, rabbitmq:4",),
    ),
    Case(
        "compose-pinned-images",
        stack(
            '    restart: "no"\n    ports:\n      - "${PUBLISH_REDIS',
            '    image: redis\n    ports:\n      - "${PUBLISH_REDIS',
            path=MORE,
        ),
        (f"fail {below(place('  redis:', MORE), 1)}: `redis` takes whatever `redis` is today",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{CASES.index(case)}")
def test_what_a_check_says(case: Case) -> None:
    assert said(case.check, case.evidence) == case.said


def test_a_list_and_a_mapping_say_the_same() -> None:
    text = "services:\n  a:\n    environment: [X=1, Y]\n  b:\n    environment: {X: 1, Y: }\n"
    file, _ = composition.read({"compose.yaml": text}, STACK)
    pairs = [one.pairs("environment") for one in file.services.values()]
    assert [{name: node.text for name, node in one.items()} for one in pairs] == [{"X": "1"}, {"X": "1"}]


@pytest.mark.parametrize(
    ("text", "plain"),
    [("${A}", ""), ("${A:-b}", "b"), ("${A-b}", "b"), ("${A:?no}", ""), ("$A/c", "/c"), ("$$A", "$A"), ("a", "a")],
)
def test_variables_are_their_defaults(text: str, plain: str) -> None:
    assert composition.plain(text) == plain


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("1m30s", 90), ("500ms", 0.5), ("10", None), ("", None)])
def test_durations(text: str, seconds: float | None) -> None:
    assert composition.seconds(text) == seconds


def test_what_git_ignores() -> None:
    ignored = matcher({".gitignore": "*.env\n/only\nfolder/\n!keep.env\n", ".secrets/.gitignore": "*\n"})
    paths = ("a/b.env", "keep.env", "only", "a/only", "a/folder/x", ".secrets/key", "secrets/key")
    assert [path for path in paths if ignored(path)] == ["a/b.env", "only", "a/folder/x", ".secrets/key"]


def test_a_projects_own_compose_file_is_the_one_that_is_judged() -> None:
    rendered = render.files(STACK)
    ours = around.texts(Memory({"main.py": ""}), rendered)
    assert composition.read(ours, STACK)[1] is not None
    tree = {"docker-compose.yml": "services: {}\n", ".env": "A=b\n", "DOCKER.md": "# Ours\n", "a.lock": "x"}
    own = around.texts(Memory(tree), rendered, ("a.lock", "absent.lock"))
    base, more = composition.read(own, STACK)
    assert (base.path, more, own[".env"]) == ("docker-compose.yml", None, "A=b\n")
    assert (own["Dockerfile"], own["DOCKER.md"], own["a.lock"]) == (rendered["Dockerfile"], "# Ours\n", "x")
    assert "absent.lock" not in own
    assert "DOCKER.md" not in around.texts(Memory({"compose.yaml": "services: {}\n"}), rendered)
    same = "services:\n  a: {build: ., env_file: .env}\n  b: {build: ., env_file: .env}\n"
    twice = replace(written(same), files={"compose.yaml": same, ".env": "API_KEY=abcdef0123456789\n"})
    found = said("compose-secrets", twice)
    assert (len(found), len(set(found))) == (1, 1), found


def test_no_value_of_a_secret_is_said() -> None:
    hidden = "b7" * 8
    text = f"services:\n  web:\n    build: .\n    environment:\n      API_KEY: {hidden}\n      URL: a://b:{hidden}@c\n"
    findings = [one for check in checks.CHECKS if check.startswith("compose-") for one in said(check, written(text))]
    assert findings
    assert not [one for one in findings if hidden in one]


#: Compose takes a file without services, which starts nothing.
DECIDED = [
    case
    for case in CASES
    if case.check == "compose-valid" and not case.said[0].startswith("unknown") and "no services" not in case.said[0]
]


@pytest.mark.engine
@pytest.mark.parametrize("case", DECIDED, ids=lambda case: case.said[0])
def test_compose_itself_refuses_what_is_not_valid(case: Case, tmp_path: Path) -> None:
    for path in ("compose.yaml", MORE):
        if path in case.evidence.files:
            (tmp_path / path).write_text(case.evidence.files[path])
    done = subprocess.run(
        [docker(), "compose", "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) is case.said[0].startswith("pass"), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("value", ["", "text", "[a, [b], {c: d}]", "{a: {b: c}, d: [e]}", "&x", "*x", "${A:-b}", "- a"])
def test_no_shape_of_a_file_breaks_a_check(value: str) -> None:
    """Every line of the file is cut off behind its key, and has this value instead."""
    lines = FILES["compose.yaml"].splitlines()
    for number, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        if not colon or line.lstrip().startswith("#"):
            continue
        text = "\n".join([*lines[:number], f"{key}: {value}", *lines[number + 1 :]])
        for check in (name for name in checks.CHECKS if name.startswith("compose-") or name == "dev-stage"):
            assert said(check, replace(WHOLE, files={**FILES, "compose.yaml": text, MORE: text}))

"""The tables of `DOCKER.md`: the configuration, what was done to harden it, and what to do about what it says."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping

from lading.model import Plan, Variable
from lading.render import compose, secrets, stores

#: What the launcher itself reads.
LAUNCHER: Mapping[str, str] = {
    "WEB_CONCURRENCY": "processes of the server or of a worker: a number, or `auto` for what the cgroup allows",
    "LADING_MIGRATE": "`start`: migrate before serving; `wait`: until somebody else has; `off`",
    "LADING_WAIT_SECONDS": "how long a start waits for databases, caches and brokers: 60; 0 does not wait",
    "LADING_HEALTH_TIMEOUT": "seconds after which the health check gives up",
    "LOG_FORMAT": "`json`: the launcher's own lines as JSON",
}

#: What the image promises, and the checks of `lading verify` that prove it.
PROVED = (
    ("an ordinary user, by number", ("user-not-root", "process-not-root", "owners")),
    ("the root file system is left as it is", ("read-only-root", "volume-writable")),
    ("no secret in any layer, variable or line of history", ("no-secret-in-layers",)),
    ("the same number, name and home in every image; Python finds the code", ("user-uid", "python-environment")),
    ("no compiler, headers, package manager or downloader", ("no-build-tools", "no-headers")),
    ("no Debian package that nothing needs", ("system-packages-needed",)),
    ("production dependencies, all of them and no others", ("production-dependencies", "no-development-dependencies")),
    ("every version that the lock pins", ("wheels-complete",)),
    ("no tests, history, documents or `.env` in the image", ("no-forbidden-files", "no-forbidden-files-after-traffic")),
    ("nothing of that reaches the builder", ("ignore-covers", "ignore-leaks-nothing", "ignore-is-read")),
    ("the builder gets what it reads, and no data", ("ignore-keeps-needed", "data-not-in-context")),
    ("what builds is left behind", ("two-stages", "final-stage-copies-artefacts")),
    ("a health check that follows the server", ("healthcheck-passes", "healthcheck-follows-port")),
    ("a health check that tells a stalled server", ("healthcheck-fails-when-stalled",)),
    ("the server is process 1, and stops in time", ("server-is-pid-1", "stops-in-time")),
    ("what it keeps outlives the container", ("survives-recreation",)),
)

#: The same of the stack; judged in any case, and decisive where the project's own criteria name them.
STACK = (
    ("every name in it is declared, and nothing is missing", ("compose-valid", "compose-covers-services")),
    ("whoever needs a service waits until it is well", ("compose-health",)),
    ("one port is published, and in development this machine's alone", ("compose-ports", "compose-network")),
    ("a container may do and take what it needs, and no more", ("compose-hardened",)),
    ("no secret in a file that git has; versions of images are said", ("compose-secrets", "compose-pinned-images")),
    ("what is kept is on named volumes", ("compose-volumes",)),
    ("development reloads, and a debugger attaches", ("dev-stage", "reload-serves-edits", "debugger-attaches")),
    ("what this file says", ("documentation-true",)),
)


def configuration(plan: Plan) -> str:
    """The reference of every variable."""
    rows = "\n".join(_variable(plan, one) for one in sorted(plan.variables, key=lambda one: not one.required))
    own = "\n".join(f"| `{name}` | {said} |" for name, said in LAUNCHER.items())
    return f"""
## Configuration

Set in `.env`, which Compose reads: see `.env.example`. Each variable of the application may also be given as
`NAME_FILE`, the path of a file that holds the value: the launcher reads it.

| variable | type | default | in this stack | read in |
|---|---|---|---|---|
{rows}

What the launcher reads:

| variable | |
|---|---|
{own}
"""


def _variable(plan: Plan, one: Variable) -> str:
    given = secrets.given(plan)
    bound = {plan.host.variable: plan.host.default, plan.port.variable: plan.port.default}
    if one.name in given:
        where = f"from `{secrets.FOLDER}/{given[one.name]}`"
    elif one.name in bound:
        where = f"`{bound[one.name]}`; `PUBLISH` says where it is published"
    elif one.required:
        where = "**yours to say**"
    else:
        where = "from `.env`"
    kind = " or ".join(f"`{word}`" for word in one.allowed) or {"account": "`user:password`"}.get(one.type, one.type)
    default = "**required**" if one.required else f"`{_shown(one)}`" if _shown(one) else "none"
    secret = ", secret" if one.secret else ""
    place = read_in(plan, one)
    told = f"`{place}`" if place else "the launcher"
    return f"| `{one.name}` | {_cell(kind)}{secret} | {_cell(default)} | {where} | {told} |"


def read_in(plan: Plan, one: Variable) -> str:
    """The file that reads a variable; not the line, which every edit above it would change, and this file with it."""
    place, colon, line = plan.because.get(f"variables.{one.name}", "").rpartition(":")
    return place if colon and line.isdecimal() else ""


def _shown(one: Variable) -> str:
    default = one.default or ""
    if one.secret or "\n" in default:
        return ""
    return re.sub(r"(?<=://)([^:/@]*):[^@/]*@", r"\1:…@", default)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def hardening(plan: Plan) -> str:
    """What was done, and which check proves it."""
    rows, beside = (
        "\n".join(f"| {said} | {', '.join(f'`{check}`' for check in checks)} |" for said, checks in table)
        for table in (PROVED, STACK)
    )
    others = "".join(f", `{one.name}`" for one in stores.stores(plan))
    adds = wrapped(
        f"`compose.yaml` adds to every container (`{compose.API}`{others}): a read-only root with a tmpfs at `/tmp`, "
        "no capabilities, no new privileges, limits of memory, processors and processes, and a log that is rotated. "
        "Docker shows what holds:"
    )
    shown = " ".join(f"{{{{.HostConfig.{name}}}}}" for name in ("ReadonlyRootfs", "CapDrop", "SecurityOpt"))
    return f"""
## Hardening

`lading verify --engine docker` builds the image, starts it and judges each of these:

| of the image | proved by |
|---|---|
{rows}

| of the stack | proved by |
|---|---|
{beside}

{adds}

```sh
docker inspect --format '{shown}' $(docker compose -f compose.yaml ps -q {compose.API})
```

Yours to do: TLS before it, copies of the volumes, and a build from time to time, for the fixes of the base image.
"""


def trouble(plan: Plan) -> str:
    """What is said, and what to do about it."""
    rows = "\n".join(f"| {_code(said)} | {advice} |" for said, advice in messages(plan))
    return f"""
## Troubleshooting

`docker compose logs {compose.API}` has the reason in a line that begins with `lading:`.

| it says | what to do |
|---|---|
{rows}
"""


def messages(plan: Plan) -> Iterator[tuple[str, str]]:
    """What the launcher says, `…` for what differs, and what to do about it; what cannot happen here is left out."""
    if any(one.required for one in plan.variables):
        yield "… not set, and the application does not start without", "say it in `.env`, or as NAME_FILE"
    if secrets.given(plan):
        folder = secrets.FOLDER
        yield (
            "…_FILE is `…`, which cannot be read",
            f"`lading init` makes the files; those in `{folder}/` have mode 644",
        )
        yield "… and …_FILE are both set: one of them is enough", "remove one of them"
    yield (
        "…, and must be a port from 0 to 65535",
        f"`{plan.port.variable}` is a number; Compose's `PUBLISH` may be more",
    )
    if stores.stores(plan) or plan.backing:
        yield "… does not answer: …", "is the service up, and its address right? `docker compose ps`"
        yield "waiting for …, … s at most", "it goes on by itself; `LADING_WAIT_SECONDS` says how long"
    if plan.migrations and plan.migrations.tool != "create_all":
        yield "the migrations failed, so nothing is started", "the lines above say which statement failed"
        yield "the database is at …, which this image does not know", "an older image: start a newer one"
        yield "nobody has migrated the database for … s", "run the role `migrate`, or `LADING_MIGRATE` `start`"
        yield "another replica migrates the database: waiting", "it goes on by itself"
    if plan.database and plan.database.dialect == "sqlite":
        yield "user … may not write in …", f"the volume at `{plan.volume}` must belong to user {plan.user.uid}"
    yield "port … of … does not answer", "the health check: the server is not there yet, or stalls"
    if plan.programs:
        yield "no process of … is connected to …", "the health check: the broker is away, or its URL is wrong"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def wrapped(text: str, indent: str = "") -> str:
    """`text` in lines of a readable length, no code broken."""
    held = re.sub("`[^`]*`", lambda match: match[0].replace(" ", "\0"), text)
    filled = textwrap.fill(held, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return filled.replace("\0", " ")

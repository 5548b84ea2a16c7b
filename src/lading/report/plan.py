"""Plan → lines for a person: what is in the image, how it is run, and what decided each."""

from __future__ import annotations

from collections.abc import Iterator

from lading.checks import secrets
from lading.checks.image import megabytes
from lading.model import Plan
from lading.report import facts, words
from lading.report.facts import Row


def text(plan: Plan, width: int, color: bool) -> str:  # noqa: FBT001 - as the command line calls every format
    """What `plan` puts into the image, and why."""
    because = plan.because.get
    needs = plan.dependencies
    files = ", ".join(needs.files)
    contents: list[Row] = [
        ("base", _base(plan), because("base.python", "")),
        ("", f"{plan.base.image}, for Docker's builder", because("base.image", "")),
        ("packages", ", ".join(plan.base.packages) or "none", because("base.packages", "")),
        ("/opt/venv", f"{len(needs.requirements)} requirements of {files}", because("dependencies", "")),
        *([("as of", plan.as_of, because("as_of", ""))] if plan.as_of else []),
        ("/app", f"the project, {len(plan.app.exclude)} patterns left out", because("app.exclude", "")),
        ("/opt/lading", "the launcher, standard library only", ""),
        ("/opt/pycache", "bytecode of the interpreter, the dependencies and the project", ""),
        (plan.volume, f"the volume, of {plan.user.uid}:{plan.user.gid}", because("volume", "")),
        *(
            (f"/app/{path}", f"a link to {to}: written there", because(f"app.links.{path}", ""))
            for path, to in plan.app.links.items()
        ),
        *((f"/app/{path}", "an empty file, without which it fails", "") for path in plan.app.blanks),
        *(
            [("size limit", f"{megabytes(plan.size_limit)} of uncompressed layers", because("size_limit", ""))]
            if plan.size_limit is not None
            else []
        ),
    ]
    groups = (
        ("in the image", contents),
        ("when it runs", _runs(plan)),
        ("variables of the image", [(name, _shown(value), because(f"env.{name}", "")) for name, value in _env(plan)]),
        ("variables that it reads", list(_contract(plan))),
    )
    return facts.text(plan.name, groups, width, color=color)


def _runs(plan: Plan) -> list[Row]:
    because = plan.because.get
    health, app = plan.health, plan.app
    start = [("started in", f"/app/{app.working}", because("app.working", ""))] if app.working != "." else []
    rows: list[Row] = [
        *start,
        ("application", app.target + ("()" if app.factory else ""), because("app.target", "")),
        ("user", f"{plan.user.name}, {plan.user.uid}:{plan.user.gid}", because("user", "")),
    ]
    for name, binding in (("host", plan.host), ("port", plan.port), ("log level", plan.log_level)):
        field = name.replace(" ", "_")
        why = because(f"{field}.variable", "") or because(f"{field}.default", "")
        rows.append((name, f"{binding.variable}, else {binding.default}", why))
    if plan.server.cors:
        rows.append(("CORS", ", ".join(words.cors(plan.server.cors)), because("server.cors", "")))
    if plan.migrations:
        heads = ", ".join(plan.migrations.heads) or "its newest revision"
        rows.append(("migrations", f"{plan.migrations.tool} to {heads}, before it serves", because("migrations", "")))
    if plan.database:
        rows.append(("database", plan.database.dialect, because("database", "")))
    asks = f"GET {health.path}" if health.path else "whether the port accepts"
    rows.append(("health", f"{asks}, every {health.interval} s", because("health.path", "")))
    rows.append(("stops", f"within {plan.stop_seconds} s of SIGTERM", because("stop_seconds", "")))
    return rows


def _env(plan: Plan) -> Iterator[tuple[str, str]]:
    return iter(plan.env.items())


def _contract(plan: Plan) -> Iterator[Row]:
    for one in plan.variables:
        value = "a secret" if one.secret else _shown(one.default) if one.default is not None else "no default"
        yield one.name, value + (", required" if one.required else ""), plan.because.get(f"variables.{one.name}", "")


def _shown(value: str) -> str:
    return secrets.redact(value)


def _base(plan: Plan) -> str:
    if not plan.base.suite:
        return "none of Debian's releases has a Python that the project allows"
    return f"Debian {plan.base.suite}, Python {plan.base.python}"

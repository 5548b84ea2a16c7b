"""Plan → `.env.example`: the environment contract, what is required first; never a value that somebody really uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from lading.launch import commands
from lading.model import Plan, Variable
from lading.render import guide_tables, override, secrets, stores

_HEAD = """\
# The environment of {name}. Copy this file to `.env` and fill it in; `.env` belongs neither in git nor in the image.
# A line that is commented out shows the default that holds without it.
"""


def render(plan: Plan, /) -> Mapping[str, str]:
    """`.env.example`: required, of the stack, the server, the application, the launcher, Compose; comments on lines of
    their own, because Docker's `--env-file` takes what follows a value as part of it.
    """
    server = (plan.host.variable, plan.port.variable, plan.log_level.variable)
    given = secrets.given(plan)
    rest = [one for one in plan.variables if one.name not in given]
    groups = {
        "Required: the application does not start without": _lines(plan, (v for v in rest if v.required)),
        f"Secrets: in the stack of compose.yaml, from files in {secrets.FOLDER}/": _lines(
            plan, (v for v in plan.variables if v.name in given), hidden=True
        ),
        "The server": _lines(plan, (v for v in rest if v.name in server and not v.required)),
        "The application": _lines(plan, (v for v in rest if v.name not in server and not v.required)),
        "The launcher": (f"# {said}\n# {name}=" for name, said in guide_tables.LAUNCHER.items()),
        "Compose: where the ports of the stack are published, on this machine alone unless said otherwise": _ports(
            plan
        ),
    }
    blocks = [_HEAD.format(name=plan.name).rstrip()]
    for title, made in groups.items():
        if lines := list(made):
            blocks.append("\n".join((f"# ── {title} ──", *lines)))
    return {".env.example": "\n\n".join(blocks) + "\n"}


def _lines(plan: Plan, variables: Iterable[Variable], *, hidden: bool = False) -> Iterator[str]:
    for variable in variables:
        required = ("required",) if variable.required and hidden else ()
        yield f"# {', '.join((*required, *_told(plan, variable)))}"
        yield f"{variable.name}=" if variable.required and not hidden else f"# {variable.name}={_shown(variable)}"


def _told(plan: Plan, variable: Variable) -> Iterator[str]:
    """What is known of a variable: its type, the words that it takes, whether it is a secret, where it is read."""
    yield f"one of {' '.join(variable.allowed)}" if variable.allowed else _TYPES.get(variable.type, variable.type)
    if variable.least:
        yield f"at least {variable.least} characters"
    if variable.secret or _password(variable.default):
        yield "a secret: in no image, and not in git"
    if place := guide_tables.read_in(plan, variable):
        yield f"read in {place}"


_TYPES: Mapping[str, str] = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "url": "a URL",
    "path": "a path",
    "json": "JSON",
    "account": "user:password",
}


def _ports(plan: Plan) -> Iterator[str]:
    yield f"# PUBLISH=127.0.0.1:{plan.port.default}"
    yield f"# {override.DEBUGGER}=127.0.0.1:{commands.DEBUGGER}"
    for store in stores.stores(plan):
        yield from (f"# {name}=127.0.0.1:{port}" for name, port in override.ports(store))


def _shown(variable: Variable) -> str:
    """The default, where it may be shown and fits on a line."""
    default = variable.default or ""
    if variable.secret or "\n" in default:
        return ""
    return re.sub(r"(?<=://)([^:/@]*):[^@/]*@", r"\1:…@", default)


def _password(default: str | None) -> bool:
    return re.search(r"://[^:/@]*:[^@/]+@", default or "") is not None

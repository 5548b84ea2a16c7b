"""Plan → `.env.example`: the environment contract, what is required first; never a value that somebody really uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from lading.model import Plan, Variable

_HEAD = """\
# The environment of {name}. Copy this file to `.env` and fill it in; `.env` belongs neither in git nor in the image.
# A line that is commented out shows the default that holds without it.
"""


def render(plan: Plan, /) -> Mapping[str, str]:
    """`.env.example`, in the groups required, server, and the rest; comments on lines of their own, because Docker's
    `--env-file` takes what follows a value as part of it.
    """
    server = (plan.host.variable, plan.port.variable, plan.log_level.variable)
    groups = {
        "Required: the application does not start without": [v for v in plan.variables if v.required],
        "The server": [v for v in plan.variables if v.name in server and not v.required],
        "The application": [v for v in plan.variables if v.name not in server and not v.required],
    }
    blocks = [_HEAD.format(name=plan.name).rstrip()]
    blocks += ["\n".join((f"# ── {title} ──", *_lines(variables))) for title, variables in groups.items() if variables]
    return {".env.example": "\n\n".join(blocks) + "\n"}


def _lines(variables: Iterable[Variable]) -> Iterator[str]:
    for variable in variables:
        if variable.secret or _password(variable.default):
            yield "# a secret: keep it in a secret store, or in `.env` on the machine that needs it"
        if variable.least:
            yield f"# at least {variable.least} characters"
        yield f"{variable.name}=" if variable.required else f"# {variable.name}={_shown(variable)}"


def _shown(variable: Variable) -> str:
    """The default, where it may be shown and fits on a line."""
    default = variable.default or ""
    if variable.secret or "\n" in default:
        return ""
    return re.sub(r"(?<=://)([^:/@]*):[^@/]*@", r"\1:…@", default)


def _password(default: str | None) -> bool:
    return re.search(r"://[^:/@]*:[^@/]+@", default or "") is not None

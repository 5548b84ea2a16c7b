"""Plan → `.dockerignore`: what never reaches the builder, group by group with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from lading.model import Plan
from lading.plan import exclude
from lading.render import installed, launcher, layout

_HEAD = """\
# Written by lading: change `exclude` under [tool.lading] rather than this file.
# A pattern is anchored here unless it starts with `**/`; the last one that matches decides; `!` takes back.
"""


def render(plan: Plan, /) -> Mapping[str, str]:
    """`.dockerignore`, from the plan's patterns in their order, so that both builders leave out the same."""
    reasons = {pattern: reason for reason, patterns in exclude.EXCLUDE.items() for pattern in patterns}
    lines, last = [_HEAD.rstrip()], ""
    if plan.layout.code != ".":
        sent = layout.folders(plan)
        others = ", and those that it depends on" if len(sent) > 1 else ""
        lines += ["", f"# Nothing but the backend's own folder{others}.", "*", *(f"!{folder}" for folder in sent)]
    for pattern in plan.app.exclude:
        reason = reasons.get(pattern, "This project's own.")
        if reason != last:
            lines += ["", f"# {reason}"]
            last = reason
        lines += layout.anchored(plan, [pattern])
    lines += ["", "# The Dockerfile reads these, and keeps them out of /app."]
    needed = {launcher.MODULES if path.startswith(launcher.MODULES + "/") else path for path in launcher.render(plan)}
    lines += [f"!{layout.beside(plan, path)}" for path in sorted(needed)]
    lines += [f"!{layout.code(plan, path)}" for path in installed.lent(plan)]
    return {".dockerignore": "\n".join(lines) + "\n"}

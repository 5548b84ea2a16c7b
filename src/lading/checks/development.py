"""The development stage, as written and as it was seen → whether an edit is served and a debugger can attach."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping

from lading.checks import composition, instructions, secrets
from lading.checks.evidence import Check, Said, counted, failed, passed, unknown
from lading.model import Development, Finding, Plan

#: The port that the Debug Adapter Protocol is spoken on, by debugpy's habit.
DEBUGGER = "5678"
#: Seconds in which somebody who saves a file is at the browser again.
SOON = 3.0
#: What the edit answers.
TOKEN = "lading-edit-is-served"  # noqa: S105 - no password
_STAGE = re.compile(r"dev|develop|development")
_RELOADS = re.compile(r"--reload\b|\bfastapi dev\b|\bwatchfiles\b")


def dev_stage(files: Mapping[str, str], plan: Plan) -> Said:
    """The Dockerfile has a stage for development, on top of what is shipped, and the other compose file uses it.

    It serves anew after an edit, has a debugger that listens, is built only where it is asked for, and ends as the
    ordinary user; development mounts the source over the code and opens the debugger's port. What is shipped neither
    reloads nor has a debugger. Source: S3-7 and S4-3; debugpy's "Command line reference".
    """
    path = plan.layout.dockerfile
    if path not in files:
        return unknown("there is no Dockerfile to read")
    stages = instructions.parse(files[path], path)
    number = next((at for at, one in enumerate(stages) if _STAGE.fullmatch(one.name)), None)
    if number is None:
        return failed("no stage is called dev", where=path, hint="`lading init` writes one")
    stage, own = stages[number], [*instructions.chain(stages[: number + 1])]
    shipped = instructions.chain(stages)
    here = f"{path}:{stage.line}"
    out: list[Finding] = []
    if stage in shipped:
        out.append(failed("the development stage is what is shipped", where=here, hint="put it before the last stage"))
    if len(own) < 2 or own[-2] not in shipped:
        out.append(failed("the development stage does not stand on what is shipped", where=here))
    mine = _text(stage, files)
    if not _RELOADS.search(mine):
        out.append(
            failed("the development stage does not serve anew after an edit", where=here, hint="uvicorn's --reload")
        )
    if "debugpy" not in mine or (f":{DEBUGGER}" not in mine and f"listen {DEBUGGER}" not in mine):
        out.append(failed(f"no debugger listens on {DEBUGGER} in the development stage", where=here))
    users = [one.value for one in stage.instructions if one.name == "USER"]
    if users and users[-1].partition(":")[0] in {"0", "root"}:
        out.append(failed("the development stage runs as root", where=here))
    for below in shipped:
        held = _text(below, files)
        if below is not stage and (_RELOADS.search(held) or "debugpy" in held):
            out.append(failed("what is shipped reloads, or has a debugger", where=f"{path}:{below.line}"))
    source = "the source" if plan.layout.code == "." else f"`{plan.layout.code}`"
    return [*out, *_used(stage.name, files, plan)] or passed(
        f"`{stage.name}`: reloads, debugger on {DEBUGGER}, {source} mounted"
    )


def _text(stage: instructions.Stage, files: Mapping[str, str]) -> str:
    """What a stage runs, the command line in a launcher's file that it copies included."""
    parts = []
    for one in stage.instructions:
        if one.name == "COPY" and one.words and one.words[0].endswith(".json") and one.words[0] in files:
            parts.append(_argv(files[one.words[0]]))
        elif one.name in {"RUN", "CMD", "ENTRYPOINT", "ENV"}:
            parts.append(" ".join((*one.words, *one.heredocs)))
    return "\n".join(parts)


def _argv(text: str) -> str:
    """The command line of the server in the launcher's own file."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    words = found.get("server") if isinstance(found, dict) else None
    return " ".join(str(word) for word in words) if isinstance(words, list) else ""


def _used(stage: str, files: Mapping[str, str], plan: Plan) -> list[Finding]:
    base, more = composition.read(files, plan)
    if more is None:
        return [failed("no compose file is for development", where=base.path, hint="`lading init` writes one")]
    using = [one for one in more.services.values() if one.text("build", "target") == stage]
    if not using:
        return [failed(f"no service is built with `target: {stage}`", where=more.path)]
    out: list[Finding] = []
    for service in using:
        sources = [source for source, place, _ in composition.mounts(service) if place == "/app"]
        here = posixpath.dirname(service.path)
        if plan.layout.code not in {posixpath.normpath(posixpath.join(here, source)) for source in sources if source}:
            out.append(failed(f"`{service.name}` does not mount the source over /app", where=service.where))
        if DEBUGGER not in {port for _, port, _ in composition.published(service)}:
            out.append(failed(f"`{service.name}` does not open the debugger's port", where=service.where))
    return out


def reload_serves_edits(development: Development) -> Said:
    """In a container of the development stage, with the source mounted, an edit is served within 3 seconds.

    The edit adds a path to the application, in a copy of the source, and is asked for until it answers. The fastest of
    three counts: the machine may be busy with something else. Source: S3-7 and S4-3.
    """
    if development.limit:
        return unknown(development.limit)
    if development.ready is None or development.before is None:
        return failed("the development stage never answered", hint=_last(development))
    if TOKEN in development.before.body:
        return unknown("the edit answered before it was made")
    where, times = development.edited, [seconds for seconds in development.served if seconds is not None]
    if not times:
        return failed(f"an edit of {where} was not served", where=where, hint=_last(development))
    best = min(times)
    said = f"an edit of {where} was served after {best:.2f} s"
    if best > SOON:
        every = f", the fastest of {len(development.served)}" if len(development.served) > 1 else ""
        return failed(f"{said}{every}, wanted {SOON:g} s", where=where, seconds=best)
    return passed(f"{said}, under {development.engine}", seconds=best)


def debugger_attaches(development: Development) -> Said:
    """In a container of the development stage a debugger attaches on 5678, as an editor does it.

    It answers the Debug Adapter Protocol's `initialize` with what it can, and takes an `attach`. Source: S4-3;
    Microsoft's "Debug Adapter Protocol".
    """
    if development.limit:
        return unknown(development.limit)
    if not development.capabilities:
        return failed(f"no debugger answered on {DEBUGGER}: {development.debugger}", hint=_last(development))
    if not development.attached:
        return failed(f"the debugger took no `attach`: {development.debugger}", hint=_last(development))
    return passed(f"on {DEBUGGER}: attached, {counted(len(development.capabilities), 'capability')}")


def _last(development: Development) -> str:
    lines = development.log.strip().splitlines()
    return f"it said: {secrets.redact(lines[-1])[:200]}" if lines else "it said nothing"


CHECKS: tuple[Check, ...] = (dev_stage, reload_serves_edits, debugger_attaches)

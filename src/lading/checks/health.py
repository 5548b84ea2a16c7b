"""The health route and Docker's HEALTHCHECK → whether they tell a container that is well from one that is not."""

from __future__ import annotations

import json
import math
import posixpath
from collections.abc import Mapping

from lading.checks import paths, secrets
from lading.checks.evidence import Check, Said, failed, limit, never_answered, not_started, passed, skipped, unknown
from lading.checks.image import environment, setting
from lading.model import Answer, Contents, Finding, Image, Observation, Outcome, Plan, Run

_BOUND = 0.100  # seconds, S0's AC6
_SECOND = 1_000_000_000  # Docker gives times in nanoseconds

#: What holds where HEALTHCHECK does not say (Docker's reference, "HEALTHCHECK").
_DEFAULTS = {"Interval": 30, "Timeout": 30, "StartPeriod": 0, "Retries": 3}


def _holds(said: object, wanted: object) -> bool:
    """Whether `said` is `wanted`, or an object that holds all that `wanted` holds."""
    if isinstance(said, dict) and isinstance(wanted, dict):
        return all(key in said and _holds(said[key], value) for key, value in wanted.items())
    return said == wanted


def p95(samples: tuple[float, ...]) -> float:
    """The time that 95 of 100 samples keep to, by nearest rank."""
    return sorted(samples)[math.ceil(0.95 * len(samples)) - 1]


def health_answers(defaults: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """The health route answers 200, with the body that was asked for, 95 times of 100 in under 100 ms.

    Asked from outside the container. A body whose `status` says that the application is not well is no success,
    whatever the status code. Source: S0's AC6.
    """
    path = plan.health.path
    if path is None and plan.health.ready:
        said = f"{plan.health.ready} says whether its stores are there, too, and no route that it is alive"
        return skipped(f"{said}; name one with `--health PATH`")
    if path is None:
        return skipped("no health route was found; name one with `--health PATH`")
    if defaults is None:
        return not_started("defaults", observation)
    answers = [answer for answer in defaults.answers if answer.path == path]
    if not answers:
        return never_answered(defaults) if defaults.ready is None else unknown(f"nobody asked for {path}")
    last = next((answer for answer in answers if answer.status != 200), answers[-1])
    shown = _shown(last.body)
    if wrong := _wrong(last, plan.health.body):
        return failed(f"GET {path} {wrong}", where=plan.because.get("health.path", ""))
    if not defaults.samples:
        return unknown(f"GET {path} answered 200 {shown}, but nobody timed it")
    time = p95(defaults.samples)
    seen = f"p95 {time * 1000:.0f} ms over {len(defaults.samples)} requests, wanted < {_BOUND * 1000:.0f} ms"
    if time >= _BOUND:
        # The schema is asked where no route says how it is: it is long, and never asks another service.
        own = path.endswith(".json")
        hint = (
            "a route of its own, like `/health`, has less to say"
            if own
            else "a health route should ask no other service"
        )
        return failed(f"GET {path}: {seen}", hint=hint)
    return passed(f"200 {shown}, {seen}", seconds=time)


def _wrong(answer: Answer, wanted: str | None) -> str:
    """What makes `answer` none of a container that is well; empty where nothing does."""
    if answer.status is None:
        return f"got no answer: {answer.error}"
    if answer.status != 200:
        return f"answered {answer.status}, wanted 200"
    try:
        said = json.loads(answer.body)
    except ValueError:
        return f"answered 200 with `{_shown(answer.body)}`, wanted {wanted}" if wanted else ""
    if wanted and not _holds(said, json.loads(wanted)):
        return f"answered 200 with {_shown(answer.body)}, wanted {wanted}"
    state = str(said.get("status", "")).lower() if isinstance(said, dict) else ""
    ill = state in {"down", "error", "fail", "failed", "unhealthy"}
    return f"answered 200 with {_shown(answer.body)}, which says that it is not well" if ill else ""


def _shown(body: str) -> str:
    line = " ".join(body.split())
    return line if len(line) <= 40 else line[:39] + "…"


def healthcheck_declared(image: Image, contents: Contents, plan: Plan) -> Said:
    """The image declares a HEALTHCHECK in exec form, as often as the plan says, whose program is in the image.

    Every 30 s with a timeout of 10 s, unless the plan says otherwise. curl is in no slim image, and costs 14.7 MB
    where it is put in: the interpreter can ask as well. The shell form leaves orphans behind when it is timed out.
    Source: S0's AC7; Docker's reference, "HEALTHCHECK".
    """
    declared = setting(image).get("Healthcheck")
    test = list(declared.get("Test") or ()) if isinstance(declared, Mapping) else []
    hint = "`lading init` writes a HEALTHCHECK that needs nothing but the interpreter"
    if not isinstance(declared, Mapping) or not test or test == ["NONE"]:
        return failed("the image declares no HEALTHCHECK", hint=hint)
    said = [_command(test, image, contents)]
    wanted = {
        "Interval": plan.health.interval,
        "Timeout": plan.health.timeout,
        "StartPeriod": plan.health.start_period,
        "Retries": plan.health.retries,
    }
    given = {name: _times(name, declared.get(name)) for name in wanted}
    said += [
        f"its {name} is {given[name]:g}{_unit(name)}, wanted {wanted[name]}{_unit(name)}"
        for name in wanted
        if given[name] != wanted[name]
    ]
    wrong = [message for message in said if message]
    if wrong:
        return [failed(f"the HEALTHCHECK: {message}", hint=hint) for message in wrong]
    asks = " ".join(posixpath.basename(word) for word in test[1:])[:60]
    return passed(f"`{asks}` every {given['Interval']:g} s, timeout {given['Timeout']:g} s, exec form")


def _command(test: list[str], image: Image, contents: Contents) -> str:
    """What is wrong with the command; empty where nothing is."""
    words = test[1].split() if test[0] == "CMD-SHELL" and len(test) > 1 else test[1:]
    if not words:
        return "it has no command"
    env = environment(image)
    found = paths.program(contents.files, words[0], env.get("PATH", ""))
    name = posixpath.basename(words[0])
    if found is None:
        return f"its program `{words[0]}` is not in the image"
    if name in {"curl", "wget"}:
        return f"it asks with {name}, which nothing else needs"
    if test[0] != "CMD":
        return "it is in shell form, wanted exec form"
    scripts = [word for word in words[1:] if word.startswith("/") and word.endswith(".py")]
    gone = [word for word in scripts if paths.resolve(contents.files, word) is None]
    return f"its program `{gone[0]}` is not in the image" if gone else ""


def _times(name: str, value: object) -> float:
    """A setting of HEALTHCHECK in seconds, or a count; 0 and absent both mean the default."""
    if not isinstance(value, int) or not value:
        return _DEFAULTS[name]
    return value if name == "Retries" else value / _SECOND


def _unit(name: str) -> str:
    return "" if name == "Retries" else " s"


def healthcheck_passes(defaults: Run, observation: Observation) -> Said:
    """The image's own HEALTHCHECK succeeds in a container that is well, and the engine reports it healthy.

    The command is run in the container, as the engine would. Source: S0's AC7, "Docker reports container as healthy".
    """
    health = defaults.health
    if health is None:
        return _unseen(defaults, observation)
    if health.status != 0:
        return failed(f"the HEALTHCHECK {_ended(health)} in a container that is well", hint=_output(health))
    if defaults.engine_health not in {None, "healthy"}:
        return failed(f"{observation.engine} reports {defaults.engine_health}, wanted healthy", hint=_output(health))
    by = f", and {observation.engine} reports healthy" if defaults.engine_health else ""
    return passed(f"run in the container: status 0 after {health.seconds * 1000:.0f} ms{by}", seconds=health.seconds)


def healthcheck_follows_port(port: Run, plan: Plan, observation: Observation) -> Said:
    """The HEALTHCHECK succeeds too where the variable for the port says another port.

    A port that stands as a literal in the check makes every container unhealthy whose port was changed. Source: S0's
    AC7 with AC9.
    """
    if port.ready is None or port.health is None:
        return _unseen(port, observation)
    given = f"{plan.port.variable}={port.start.environment.get(plan.port.variable, '')}"
    if port.health.status != 0:
        return failed(
            f"with {given} the HEALTHCHECK {_ended(port.health)}, and the server is well", hint=_output(port.health)
        )
    said = f"with {given}: status 0 after {port.health.seconds * 1000:.0f} ms"
    return passed(said, seconds=port.health.seconds)


def healthcheck_fails_when_stalled(observation: Observation, plan: Plan) -> Said:
    """The HEALTHCHECK fails when the server accepts connections but no longer answers.

    The server is stopped by SIGSTOP, so that its port stays open. A check that does not end within its own timeout
    is one that the engine kills, and counts as failed. Source: S0's AC7; a check that cannot fail checks nothing.
    """
    stalled = next((run.stalled for run in observation.runs.values() if run.stalled is not None), None)
    if stalled is None:
        asked = next((run for run in observation.runs.values() if run.start.stall), None)
        return _unseen(asked, observation)
    if stalled.status == 0:
        hint = "the check must ask the server and wait for its answer, with a timeout"
        return failed(
            f"the HEALTHCHECK gave status 0 after {stalled.seconds:.1f} s, though the server was stalled", hint=hint
        )
    if stalled.status is None:
        said = f"with the server stalled it did not end, and is killed after {plan.health.timeout} s"
        return passed(said, seconds=stalled.seconds)
    said = f"with the server stalled: status {stalled.status} after {stalled.seconds:.1f} s"
    return passed(said, seconds=stalled.seconds)


def _unseen(run: Run | None, observation: Observation) -> Finding:
    if run is not None and run.ready is None:
        return never_answered(run)
    return unknown(limit(observation, "HEALTHCHECK", "health check"))


def _ended(outcome: Outcome) -> str:
    return "did not end" if outcome.status is None else f"ended with status {outcome.status}"


def _output(outcome: Outcome) -> str:
    lines = outcome.output.strip().splitlines()
    return f"it said: {secrets.redact(lines[-1])[:200]}" if lines else "it said nothing"


CHECKS: tuple[Check, ...] = (
    health_answers,
    healthcheck_declared,
    healthcheck_passes,
    healthcheck_follows_port,
    healthcheck_fails_when_stalled,
)

"""Everything that is known about one image → what one check says of it.

A check is a function; its identifier is its name in kebab-case. Each parameter is named for the evidence it needs: a
field of `Evidence`, or one start of `Observation.runs`. What is missing makes the verdict unknown, unless the
parameter may be None.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from lading.errors import BadInput
from lading.model import Contents, Development, Finding, Image, Observation, Plan, Project, Run

#: What a check returns: one finding, or several, never none. Their `check` is filled in by `ask`.
Said = Finding | Sequence[Finding]
Check = Callable[..., Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there is to judge by; None where it could not be had."""

    project: Project | None
    plan: Plan
    dockerfile: str | None
    ignore: str | None  # the text of .dockerignore
    tree: tuple[str, ...]  # the source files, from the project's root
    context: tuple[str, ...] = ()  # the same from the root of what the builder is sent, which may be a folder above
    files: Mapping[str, str] = field(default_factory=dict)  # texts around the image: `around.texts`
    development: Development | None = None
    image: Image | None
    contents: Contents | None
    observation: Observation | None


_FIELDS = tuple(field.name for field in fields(Evidence))

_MISSING = {
    "project": "the project was not looked at",
    "dockerfile": "there is no Dockerfile to read",
    "ignore": "there is no .dockerignore to read",
    "tree": "there is no source tree to look at",
    "context": "there is no source tree to look at",
    "files": "the files around the image were not read",
    "development": "the development stage was not run: that takes Docker, and a criterion that asks for it",
    "image": "there is no image",
    "contents": "the image was not looked into",
    "observation": "no container was run",
}


def passed(message: str, *, seconds: float | None = None) -> Finding:
    """It holds; `message` is what was seen."""
    return Finding(check="", verdict="pass", message=message, seconds=seconds)


def failed(message: str, *, where: str = "", hint: str = "", seconds: float | None = None) -> Finding:
    """It does not hold; `message` is what was seen, against what was wanted."""
    return Finding(check="", verdict="fail", message=message, where=where, hint=hint, seconds=seconds)


def skipped(reason: str) -> Finding:
    """There is nothing to hold."""
    return Finding(check="", verdict="skip", message=reason)


def unknown(reason: str, *, hint: str = "") -> Finding:
    """It could not be decided."""
    return Finding(check="", verdict="unknown", message=reason, hint=hint)


def counted(number: int, what: str) -> str:
    """`1 service`, `2 services`, `3 processes`, `4 capabilities`."""
    if number == 1:
        return f"1 {what}"
    if what.endswith("y"):
        return f"{number} {what.removesuffix('y')}ies"
    return f"{number} {what}{'es' if what.endswith('s') else 's'}"


def identifier(check: Check) -> str:
    """`port_configures` → `port-configures`."""
    return check.__name__.replace("_", "-")


def needs(check: Check) -> Mapping[str, bool]:
    """The names of the evidence that `check` takes; the value says whether it cannot do without."""
    hints = typing.get_type_hints(check)
    hints.pop("return")
    return {name: type(None) not in typing.get_args(hint) for name, hint in hints.items()}


def ask(check: Check, evidence: Evidence) -> tuple[Finding, ...]:
    """What `check` says of `evidence`, under its identifier."""
    given: dict[str, object] = {}
    for name, required in needs(check).items():
        value = _value(name, evidence)
        if required and not value:
            if name in _FIELDS and name != "observation":
                said = unknown(_MISSING[name])
            else:
                said = not_started(name, evidence.observation)
            return (replace(said, check=identifier(check)),)
        given[name] = value or (evidence.observation if name == "observation" else None)
    try:
        found = check(**given)
    except BadInput as error:  # a file that no builder could read is not one that holds what it should
        found = failed(error.message, where=error.where, hint=error.hint)
    findings = (found,) if isinstance(found, Finding) else found
    # A file that two services read is wrong once.
    return tuple(dict.fromkeys(replace(finding, check=identifier(check)) for finding in findings))


def limit(observation: Observation, *about: str) -> str:
    """Why the engine could not show something: what it says of the words `about`, else that it did not."""
    told = (one for one in observation.limits if any(word in one for word in about))
    return next(told, f"{observation.engine} did not show it")


def not_started(name: str, observation: Observation | None) -> Finding:
    """The verdict of a check that needs the start `name`, where there is none."""
    if observation is None:
        return unknown(_MISSING["observation"])
    told = limit(observation, f"`{name}`", "could not be started under")
    if told in observation.limits:
        return unknown(told)
    if not observation.runs:
        return unknown("; ".join(observation.limits) or _MISSING["observation"])
    return unknown(f"{observation.engine} did not try the start `{name}`")


def never_answered(run: Run) -> Finding:
    """The verdict of a check that needs a container that answers, where this one never did."""
    return unknown(f"the start `{run.start.name}` never answered")


def _value(name: str, evidence: Evidence) -> object:
    if name not in _FIELDS:
        return evidence.observation and evidence.observation.runs.get(name)
    if name == "observation" and evidence.observation and not evidence.observation.runs:
        return None
    return getattr(evidence, name)

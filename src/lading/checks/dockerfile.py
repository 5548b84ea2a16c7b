"""The Dockerfile's text → whether what is shipped is only what is needed to run."""

from __future__ import annotations

import re

from lading.checks import instructions
from lading.checks.evidence import Check, Said, failed, passed
from lading.checks.instructions import Instruction

#: Folders that hold more than an artefact of a build: the tools of the stage come along with it.
_WHOLE = frozenset({"/", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/root"})

_INSTALLS = re.compile(
    r"\b(?:pip3?(?:\.\d+)?\s+(?:install|wheel)|uv\s+(?:sync|build)|poetry\s+(?:install|build)"
    r"|pdm\s+(?:install|sync)|pipenv\s+(?:install|sync)|cargo\s+build)\b"
)
_BUILD_PACKAGE = re.compile(
    r"(?:gcc|g\+\+|clang|make|cmake|rustc|cargo|git|build-essential)(?:-[\d.]+)?|\S+-dev(?:=\S+)?"
)
_SEPARATORS = re.compile(r"&&|\|\||[;|\n]")


def two_stages(dockerfile: str) -> Said:
    """The Dockerfile builds in one stage and ships another.

    What compiles and installs then stays behind. Source: Docker's "Multi-stage builds"; S0's AC1.
    """
    stages = instructions.parse(dockerfile)
    if len(stages) < 2:
        return failed(
            "1 stage, wanted at least 2",
            where=f"Dockerfile:{stages[0].line}",
            hint="install into /opt/venv in a stage of its own, and copy that: `lading init` writes such a file",
        )
    names = ", ".join(stage.name or stage.base for stage in stages)
    return passed(f"{len(stages)} stages: {names}")


def final_stage_copies_artefacts(dockerfile: str) -> Said:
    """The shipped stage copies what earlier stages made, and neither installs nor compiles anything itself.

    The stages that the last one stands on count with it. Installing wheels that an earlier stage made, with
    `--no-index`, is copying; `apt-get install` of a library that is needed at run time is fine, of a compiler or a
    `-dev` package it is not. Source: S0's AC1; Docker's "Building best practices".
    """
    stages = instructions.parse(dockerfile)
    shipped = instructions.chain(stages)
    mine = [one for stage in shipped for one in stage.instructions]
    # A stage may be named by its number, too.
    earlier = {stage.name for stage in stages if stage.name} | {str(number) for number in range(len(stages) - 1)}
    copies = [one for one in mine if one.name == "COPY" and (one.flag("from") or "").lower() in earlier]
    problems = [problem for one in mine for problem in _problems(one)]
    if not copies and not any(f"from={name}" in value for one in mine for _, value in one.flags for name in earlier):
        problems.insert(0, (shipped[-1].line, "copies nothing from an earlier stage"))
    if problems:
        hint = "do it in an earlier stage, and copy what it made with `COPY --from=`"
        return [failed(f"the shipped stage {text}", where=f"Dockerfile:{line}", hint=hint) for line, text in problems]
    brought = [f"{' '.join(one.words[:-1])} of {one.flag('from')}" for one in copies]
    own = sum(len(one.words) - 1 for one in mine if one.name == "COPY" and one.flag("from") is None)
    context = f", and {own} path{'s' * (own != 1)} of the context" if own else ""
    return passed(f"copies {', '.join(brought) or 'from a mount'}{context}")


def _problems(one: Instruction) -> list[tuple[int, str]]:
    if one.name == "COPY" and one.flag("from") is not None:
        sources = [source.rstrip("/") or "/" for source in one.words[:-1]]
        whole = [source for source in sources if source in _WHOLE]
        tools = [source for source in sources if source.rpartition("/")[2] in {"uv", "uvx"}]
        out = [(one.line, f"copies the whole of `{source}`") for source in whole]
        return out + [(one.line, f"copies the installer `{source}`") for source in tools]
    if one.name != "RUN":
        return []
    out = []
    for command in _SEPARATORS.split("\n".join((" ".join(one.words), *one.heredocs))):
        if found := _INSTALLS.search(command):
            if "--no-index" not in command:
                out.append((one.line, f"runs `{' '.join(found[0].split())}`"))
        elif re.search(r"\b(?:apt|apt-get|apk)\s.*\b(?:install|add)\b", command):
            names = [word for word in command.split() if _BUILD_PACKAGE.fullmatch(word)]
            out += [(one.line, f"installs `{name}`") for name in names]
    return out


CHECKS: tuple[Check, ...] = (two_stages, final_stage_copies_artefacts)

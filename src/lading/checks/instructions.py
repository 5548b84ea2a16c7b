"""The text of a Dockerfile → its stages and their instructions, as BuildKit reads them.

Source of the rules: Docker's "Dockerfile reference": parser directives, line continuation, comments, here-documents,
shell and exec form. Variables are not expanded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lading.errors import BadInput

INSTRUCTIONS = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    }
)  # fmt: skip
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S+)\s*")
_HEREDOC = re.compile(r"""\d*<<(-?)(["']?)([^<"'\s]+)\2""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction: `COPY --from=builder /a /b` has the flag `from` and the value `/a /b`."""

    name: str  # upper case
    value: str  # without flags, comments and continuation
    flags: tuple[tuple[str, str], ...] = ()  # one flag may stand twice: --mount
    heredocs: tuple[str, ...] = ()  # their bodies
    line: int = 1

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments: those of the exec form, or the value split at blanks."""
        return self.exec_form or tuple(self.value.split())

    @property
    def exec_form(self) -> tuple[str, ...] | None:
        """The JSON array of strings that the value is, or None for the shell form."""
        try:
            value = json.loads(self.value) if self.value.startswith("[") else None
        except ValueError:
            return None
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        return None

    def flag(self, name: str) -> str | None:
        """The last value of the flag `--name`, or None."""
        return dict(self.flags).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What stands from one FROM to the next."""

    base: str
    name: str  # lower case; empty where it has none
    instructions: tuple[Instruction, ...]
    line: int


def parse(text: str, path: str = "Dockerfile") -> tuple[Stage, ...]:
    """The stages of the Dockerfile `text`, in order. Raises `BadInput` for what no builder reads."""
    stages: list[Stage] = []
    for instruction in _instructions(text, path):
        where = f"{path}:{instruction.line}"
        if instruction.name not in INSTRUCTIONS:
            raise BadInput(f"there is no instruction `{instruction.name}`", where=where)
        if instruction.name == "FROM":
            words = instruction.words
            if len(words) not in {1, 3} or (len(words) == 3 and words[1].lower() != "as"):
                raise BadInput("FROM takes an image, and `AS` with a name", where=where)
            name = words[2].lower() if len(words) == 3 else ""
            stages.append(Stage(base=words[0], name=name, instructions=(), line=instruction.line))
        elif stages:
            last = stages.pop()
            mine = (*last.instructions, instruction)
            stages.append(Stage(base=last.base, name=last.name, instructions=mine, line=last.line))
        elif instruction.name != "ARG":
            raise BadInput(f"`{instruction.name}` stands before the first FROM", where=where)
    if not stages:
        raise BadInput("there is no FROM", where=path)
    return tuple(stages)


def chain(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The last stage and the stages that it stands on, the lowest first: all that ends up in the image."""
    out = [stages[-1]]
    number = len(stages) - 1
    while True:
        base = out[0].base.lower()
        number = next((below for below in reversed(range(number)) if stages[below].name == base), -1)
        if number < 0:
            return tuple(out)
        out.insert(0, stages[number])


def _instructions(text: str, path: str) -> Iterator[Instruction]:
    lines = text.removeprefix("\ufeff").splitlines()
    escape = _directives(lines).get("escape", "\\")
    number = 0
    while number < len(lines):
        first = number
        value, number = _joined(lines, number, escape)
        if not value:
            continue
        name, _, rest = value.partition(" ")
        name = name.upper()
        flags, rest = _flags(rest.strip())
        bodies: list[str] = []
        if name in {"RUN", "COPY", "ADD"} and not rest.startswith("["):
            for found in filter(None, map(_HEREDOC.fullmatch, rest.split())):
                body, number = _heredoc(lines, number, found, f"{path}:{first + 1}")
                bodies.append(body)
        yield Instruction(name=name, value=rest, flags=flags, heredocs=tuple(bodies), line=first + 1)


def _directives(lines: list[str]) -> Mapping[str, str]:
    """The parser directives: comments of the form `# key=value`, before anything else."""
    out: dict[str, str] = {}
    for line in lines:
        found = _DIRECTIVE.fullmatch(line.strip())
        if not found:
            break
        out[found[1].lower()] = found[2]
    return out


def _joined(lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """The instruction that starts at line `number`, continuation lines joined, and the line after it."""
    joined = ""
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.lstrip().startswith("#"):
            if joined:
                continue
            return "", number
        if joined and not line.strip():  # a blank line does not end a continuation; BuildKit warns of it
            continue
        goes_on = line.rstrip().endswith(escape)
        joined += line.rstrip().removesuffix(escape) if goes_on else line
        if not goes_on:
            break
    return joined.strip().replace("\t", " "), number


def _flags(rest: str) -> tuple[tuple[tuple[str, str], ...], str]:
    flags: list[tuple[str, str]] = []
    while found := re.match(r"--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)", rest):
        flags.append((found[1], found[2] or ""))
        rest = rest[found.end() :]
    return tuple(flags), rest


def _heredoc(lines: list[str], number: int, found: re.Match[str], where: str) -> tuple[str, int]:
    body: list[str] = []
    for after, line in enumerate(lines[number:], number + 1):
        cleaned = line.lstrip("\t") if found[1] else line
        if cleaned == found[3]:
            return "\n".join(body), after
        body.append(cleaned)
    raise BadInput(f"the here-document `{found[3]}` is not closed", where=where)

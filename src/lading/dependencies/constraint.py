"""Poetry's version constraints and dependency tables → requirements (PEP 440, PEP 508).

Poetry documentation, "Dependency specification": carets, tildes, wildcards, `||`, and tables with `git`, `path`, `url`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lading.dependencies import requirement
from lading.dependencies.locks import string, strings, tables

_PART = re.compile(r"\s*(\^|~=|~|===|==|!=|<=|>=|<|>|=)?\s*v?([\w.*+!-]+)\s*")


def specifier(text: str) -> str:
    """`^1.2 || ^2.0` as PEP 440 has it: `>=1.2,<3`; a gap between alternatives is lost. Empty for any version.

    Raises `ValueError` for what is no constraint.
    """
    hulls = [_all(part) for part in re.split(r"\s*\|\|?\s*", text.strip())]
    if len(hulls) == 1:
        return ",".join(hulls[0])
    return ",".join(_hull(hulls))


def requirements(name: str, value: Any) -> Iterator[str]:
    """The requirements that `name = value` of a Poetry table stands for; several where it is a list.

    Raises `ValueError` for what is no constraint.
    """
    if isinstance(value, list):
        for one in tables(value):
            yield from requirements(name, one)
        return
    if isinstance(value, str):
        yield f"{name}{specifier(value)}"
        return
    if not isinstance(value, dict):
        raise ValueError(f"{value!r}")  # noqa: TRY004 - a file has it wrong, not a caller
    extras = f"[{','.join(strings(value.get('extras')))}]" if strings(value.get("extras")) else ""
    conditions = [f"({string(value['markers'])})"] if string(value.get("markers")) else []
    conditions += _python(string(value.get("python")))
    conditions += [f'sys_platform == "{value["platform"]}"'] if string(value.get("platform")) else []
    marker = " and ".join(conditions)
    if len(conditions) == 1:
        marker = re.sub(r"^\((.*)\)$", r"\1", marker)
    place = address(value)
    start = f"{name}{extras} @ {place}" if place else f"{name}{extras}{specifier(string(value.get('version')) or '*')}"
    yield f"{start} ; {marker}" if marker else start


def address(value: dict[str, Any]) -> str:
    """Where a table with `git`, `url`, `path` or `file` gets it from, as PEP 508 writes that; empty for an index."""
    if git := string(value.get("git")):
        git = re.sub(r"^([\w.-]+@[\w.-]+):(?!//)", r"ssh://\1/", git)
        revision = next((string(value[key]) for key in ("rev", "ref", "tag", "branch") if key in value), "")
        folder = string(value.get("subdirectory"))
        return requirement.bare(
            f"git+{git.removeprefix('git+')}"
            + (f"@{revision}" if revision else "")
            + (f"#subdirectory={folder}" if folder else "")
        )
    if url := string(value.get("url")):
        return requirement.bare(url)
    path = string(value.get("path")) or string(value.get("file"))
    return (path if "://" in path else f"file:{path.removeprefix('./')}") if path else ""


def _python(text: str) -> list[str]:
    if not text or text == "*":
        return []
    parts = re.findall(r"(===|==|!=|<=|>=|~=|<|>)\s*([^,\s]+)", specifier(text))
    return [f'python_version {op} "{version.removesuffix(".*")}"' for op, version in parts]


def _all(text: str) -> list[str]:
    """The parts of one alternative, each as PEP 440 has it."""
    found: list[str] = []
    place = 0
    text = text.replace(",", " ").strip()
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            raise ValueError(text)
        place = match.end()
        found += _one(match[1] or "", match[2])
    return found


def _one(op: str, version: str) -> list[str]:
    if version == "*":
        return []
    if re.search(r"\d{10}", version):
        raise ValueError(version)
    numbers = [int(part) for part in re.findall(r"\d+", re.match(r"[\d.]*", version)[0])]  # type: ignore[index]
    if not numbers:
        raise ValueError(version)
    if op == "^":
        # The leftmost part that is not zero may not change; `^0.0` allows 0.0.x, and `^0` allows 0.x.
        first = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
        return [f">={version}", f"<{_next(numbers, first)}"]
    if op == "~":
        return [f">={version}", f"<{_next(numbers, min(1, len(numbers) - 1))}"]
    if op in {"", "="}:
        return [f"=={version}"]
    return [f"{op}{version.removesuffix('.*') if op not in {'==', '!='} else version}"]


def _next(numbers: list[int], place: int) -> str:
    raised = [*numbers[:place], numbers[place] + 1]
    return ".".join(map(str, raised + [0] * (2 - len(raised))))


def _hull(alternatives: list[list[str]]) -> list[str]:
    """The lowest of the lower bounds, and the highest of the upper ones, where every alternative has one."""
    from packaging.version import InvalidVersion, Version

    lows: list[tuple[Version, str] | None] = []
    highs: list[tuple[Version, str] | None] = []
    try:
        for parts in alternatives:
            for ops, ends in (((">=", ">", "==", "~="), lows), (("<", "<=", "=="), highs)):
                bounds = [(Version(part.lstrip("<>=~!").removesuffix(".*")), part) for part in parts
                          if part.startswith(ops) and not part.startswith("!=")]  # fmt: skip
                ends.append(bounds[0] if bounds else None)
    except InvalidVersion as error:
        raise ValueError(str(error)) from error
    low = min((end for end in lows if end), default=None) if all(lows) else None
    high = max((end for end in highs if end), default=None) if all(highs) else None
    found = [f">={low[0]}"] if low else []
    if high:
        found.append(high[1] if high[1].startswith("<") else f"<={high[0]}")
    return found

"""What uv says when it cannot resolve → one sentence about the requirement that has to change, and its line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lading.errors import BadInput, Error, Outside

_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_SPEC = rf"({_NAME}(?:\[[^\]]*\])?(?:[<>=!~]\S*?)?)"
_UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|dns error|network was disabled|Request failed after|timed? ?out"
)


def error(said: str, inputs: Mapping[str, bytes], *, platform: str, python: str) -> Error:
    """What uv's standard error `said`, about the requirements files `inputs`, as an error of ours to raise.

    `Outside` where the index failed, `BadInput` where the requirements have to change.
    """
    flat = " ".join(said.split())
    if "No space left on device" in flat:
        return Outside("no space left on the disk where uv keeps its cache", hint="free some, or set UV_CACHE_DIR")
    because = flat.partition("cause: ")[2].partition(" hint: ")[0]
    if _UNREACHABLE.search(flat):
        last = said.partition("\n\n")[0].rpartition("cause: ")[2].strip() or flat
        return Outside(
            f"the package index cannot be reached: {_lower(last)}",
            hint="behind a proxy with a certificate of its own, set SSL_CERT_FILE to a bundle that holds it"
            if "certificate" in last
            else "check the network, the proxy variables, or the index that uv is told to use",
        )
    if found := re.search(rf"{_NAME} was not found in the package registry", because):
        name = found[1]
        where = place(name, inputs)
        by = "" if where else f", which another requirement needs: {_short(because)}"
        return BadInput(f"there is no `{name}` in the package index{by}", where=where, hint="is the name right?")
    wheel = rf"(?:all versions of )?{_SPEC} ha(?:s|ve) no (?:usable wheels|wheels with a matching [^,]*?tag)"
    if found := re.search(wheel, because):
        return no_wheel(found[1].replace("==", " "), inputs, platform=platform, python=python)
    if found := re.search(rf"no versions? of {_SPEC}(?: and| which|,|$)", because):
        return _no_version(found[1], found[2], "", inputs)
    if found := re.match(rf"Because only {_SPEC} is available and you require {_SPEC},", because):
        return _no_version(found[3], found[4], f", only {found[1]}", inputs)
    if "No solution found" in flat:
        return BadInput(
            f"the requirements contradict each other: {_short(because)}",
            where=next(iter(inputs), ""),
            hint="loosen one of them",
        )
    return _unparsed(said, inputs)


def no_wheel(package: str, inputs: Mapping[str, bytes], *, platform: str, python: str) -> BadInput:
    """`package` has no wheel that runs there: its name, and its versions where some are meant."""
    name = re.match(_NAME, package)
    return BadInput(
        f"`{package}` has no wheel for {platform} and Python {python}",
        where=place(name[1], inputs) if name else "",
        hint="allow a version that has one, or build it from its source with `--builder docker`",
    )


def place(name: str, inputs: Mapping[str, bytes]) -> str:
    """`path:line` of the first line of `inputs` that requires `name`; empty when none does."""
    loose = "[-_.]+".join(re.escape(part) for part in re.split(r"[-_.]+", name))
    for path, data in inputs.items():
        quote = r"[^#]*[\"']\s*" if path.endswith(".toml") else r"\s*"
        pattern = re.compile(rf"{quote}{loose}(?![A-Za-z0-9._-])", re.IGNORECASE)
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            if pattern.match(line):
                return f"{path}:{number}"
    return ""


def _no_version(spec: str, name: str, instead: str, inputs: Mapping[str, bytes]) -> BadInput:
    return BadInput(
        f"there is no version of {name} that is `{spec}`{instead}",
        where=place(name, inputs),
        hint="is the version right? One that was yanked, or is newer than `as-of`, does not count",
    )


def _unparsed(said: str, inputs: Mapping[str, bytes]) -> BadInput:
    """Whatever else uv refuses, in its own words: of its first complaint the headline and the cause."""
    complaint = said.partition("error: ")[2] or said
    lines = [line.strip().removeprefix("cause: ") for line in complaint.strip().splitlines() if line.strip()]
    where = ""
    if found := re.search(r"in `([^`]+)` at position (\d+)", complaint):
        data = inputs.get(found[1], b"")
        where = f"{found[1]}:{data[: int(found[2])].count(10) + 1}" if data else found[1]
    words = lines[1:2] if where and lines[1:] else lines[:2]
    return BadInput(f"uv cannot read the requirements: {_lower(': '.join(words).rstrip('.:'))}", where=where)


def _short(because: str) -> str:
    """The derivation that uv gives, without its logic's glue, and not longer than a paragraph."""
    text = re.sub(r",? we can conclude that .*?(?=\. And because |$)", "", because.removeprefix("Because "))
    text = re.sub(r"\. And because (?:we know from \(\d+\) that )?", "; ", text).strip().rstrip(".")
    return text if len(text) <= 400 else text[:400].rpartition(" ")[0] + " …"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text

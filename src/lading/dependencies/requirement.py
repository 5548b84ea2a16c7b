"""Text of one requirement → its distribution's name and extras, and whether it is a valid one (PEP 508)."""

from __future__ import annotations

import re

from lading.errors import BadInput

#: What pip takes in place of a name: an archive, a folder or a repository.
_PLACE = re.compile(r"(?:[a-z][a-z0-9+.-]*:|\.{1,2}(?:/|$|\[)|/|[^\s;@]+/)|.*\.(?:whl|zip|tar\.gz)\b", re.IGNORECASE)

#: With all its extras, its versions and its marker.
_LONGEST = 5_000


def check(text: str, where: str) -> str:
    """`text` as it is when pip can install it. Raises `BadInput` when it is no requirement."""
    from packaging.requirements import InvalidRequirement, Requirement

    text = bare(text[: _LONGEST + 1])
    if text.startswith("-e ") or _PLACE.match(text):
        return text
    if len(text) > _LONGEST:
        raise _long(text, where)
    try:
        Requirement(text)
    except RecursionError as error:
        raise _long(text, where) from error
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0].rstrip(":.")
        raise BadInput(
            f"`{text}` is not a requirement: {reason[:1].lower()}{reason[1:]}",
            where=where,
            hint="write it as `name`, `name[extra]`, `name==1.2.3` or `name @ https://…` (PEP 508)",
        ) from error
    return text


def _long(text: str, where: str) -> BadInput:
    return BadInput(f"`{text[:40]}…` is too long for a requirement", where=where, hint="is a line break missing?")


def bare(text: str) -> str:
    """`text` without the user and the password of its addresses; the user of `ssh`, which is no secret, stays."""
    if "@" not in text:
        return text
    text = re.sub(r"(ssh://[^/@:\s]*):[^/@\s]*@", r"\1@", text)
    # A password may hold a slash, where a branch or a commit follows an `@` too: a port is what tells them apart.
    return re.sub(r"(https?://)(?:[^/@\s]*|[^/@:\s]*:(?!\d+/)[^@\s]*)@", r"\1", text)


def name(text: str) -> tuple[str, frozenset[str]]:
    """The normalised name (PEP 503) and the extras of a requirement; no name for a path or an address without one."""
    match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(?=$|[\s;@<>=!~,(])", text)
    if match is None:
        egg = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", text)
        return (normal(egg[1]), frozenset()) if egg else ("", frozenset())
    return normal(match[1]), frozenset(normal(extra.strip()) for extra in (match[2] or "").split(",") if extra.strip())


def normal(text: str) -> str:
    """A distribution's or an extra's name as PEP 503 compares them."""
    return re.sub(r"[-_.]+", "-", text).lower()

"""The name of an image, as people write it → its parts: `ghcr.io/acme/api:1.2@sha256:…`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lading.errors import BadInput

# The grammar of `reference` in the distribution project: a component is lower-case, the first may be host:port.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A parsed name; `str()` gives it back."""

    name: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def tagged(self) -> str:
        """The name with its tag, `latest` where none was given, as engines list it."""
        return f"{self.name}:{self.tag or 'latest'}"


def parse(text: str) -> Reference:
    """The parts of `text`. Raises `BadInput` for a name that engines and registries refuse."""
    found = _REFERENCE.fullmatch(text)
    if not found or len(found["name"]) > 255:
        lower = text.lower()
        hint = (
            f"names are lower-case: `{lower}`" if lower != text and _REFERENCE.fullmatch(lower) else "write `name:tag`"
        )
        raise BadInput(f"`{text}` is not the name of an image", hint=hint)
    return Reference(name=found["name"], tag=found["tag"], digest=found["digest"])

"""The text of a Markdown document → its key, kind, title, status and relations.

    # US0024: Backend image

    > **Status:** Draft
    > **Epic:** [EP0006: Deployment](../epics/EP0006-deployment.md)
    > **Depends on:** US0003, US0007

A field stands above the first section; one that names other documents relates this one to them.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

HEADING = re.compile(r"^#\s+(?P<key>[A-Z]{2}\d{4}):\s*(?P<title>\S.*?)\s*$")
FIELD = re.compile(r"^>?\s*(\*\*)?(?P<name>[A-Za-z][A-Za-z ]{0,39}?)(\*\*)?:(\*\*)?\s+(?P<value>\S.*?)\s*$")
KEY = re.compile(r"\b[A-Z]{2}\d{4}\b")


class Kind(StrEnum):
    """What sort of document it is."""

    EPIC = "epic"
    STORY = "story"
    PLAN = "plan"
    BUG = "bug"


KINDS = {"EP": Kind.EPIC, "US": Kind.STORY, "PL": Kind.PLAN, "BG": Kind.BUG}


class NotADocument(ValueError):
    """The text is not a document of ours; the message says why."""


@dataclass(frozen=True)
class Parsed:
    """What a document says of itself. A relation is the name of a field and a key that stands in it."""

    key: str
    kind: Kind
    title: str
    status: str
    relations: tuple[tuple[str, str], ...]


def parse(text: str) -> Parsed:
    """Read a document. Raises `NotADocument` where the first line that is not empty is no heading with a known key."""
    lines = iter(text.lstrip("\ufeff").splitlines())
    heading = HEADING.match(next(filter(str.strip, lines), ""))
    if heading is None:
        raise NotADocument("it does not begin with a heading such as `# US0024: Backend image`")
    key, title = heading["key"], heading["title"][:300]
    if key[:2] not in KINDS:
        raise NotADocument(f"{key[:2]} is none of {', '.join(KINDS)}")
    status, relations = "unknown", dict[tuple[str, str], None]()
    for line in lines:
        if line.startswith("#"):
            break
        if field := FIELD.match(line):
            name, value = field["name"].strip().lower().replace(" ", "-"), field["value"]
            if name == "status":
                status = " ".join(value.split()).lower()[:40]
            else:
                relations |= {(name, target): None for target in KEY.findall(value) if target != key}
    return Parsed(key, KINDS[key[:2]], title, status, tuple(relations))

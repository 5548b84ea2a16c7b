"""A `Packages` index → the packages in it, each paragraph parsed only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lading.debian import version


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package of a base, by the hash of its file."""

    name: str
    version: str
    architecture: str
    filename: str  # from the archive's address
    sha256: str
    size: int
    archive: str = "debian"  # or debian-security


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package that could be taken, and the fields that say what it needs."""

    package: Package
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.package.name

    @property
    def version(self) -> str:
        return self.package.version


@dataclass(frozen=True)
class Catalogue:
    """Every package of some archives."""

    paragraphs: Mapping[str, tuple[tuple[str, str], ...]]  # name → archive, paragraph
    architecture: str
    suite: str

    def candidates(self, name: str) -> list[Candidate]:
        """The packages called `name`, the newest first, and the archive given first where versions are equal."""
        found = [candidate(archive, text) for archive, text in self.paragraphs.get(name, ())]
        return sorted(found, key=lambda one: version.key(one.version), reverse=True)

    def providers(self, name: str) -> list[Candidate]:
        """The packages that provide the virtual package `name`: more important ones first, then by name."""
        names = {found for found, line in self._provides if name in line}
        found = [one for each in sorted(names) for one in self.candidates(each)]
        ranks = ("required", "important", "standard", "optional", "extra")
        order = {rank: number for number, rank in enumerate(ranks)}
        return sorted(found, key=lambda one: order.get(one.fields.get("Priority", ""), len(ranks)))

    @cached_property
    def _provides(self) -> list[tuple[str, str]]:
        return [
            (name, text.partition("\nProvides: ")[2].partition("\n")[0])
            for name, paragraphs in self.paragraphs.items()
            for _, text in paragraphs
            if "\nProvides: " in text
        ]


def catalogue(indexes: Iterable[tuple[str, bytes]], *, architecture: str, suite: str) -> Catalogue:
    """The catalogue of `indexes`: pairs of an archive's name and the text of a Packages file of its."""
    paragraphs: dict[str, tuple[tuple[str, str], ...]] = {}
    for archive, name, text in _split(indexes):
        paragraphs[name] = (*paragraphs.get(name, ()), (archive, text))
    return Catalogue(paragraphs, architecture, suite)


def candidate(archive: str, paragraph: str) -> Candidate:
    """What one paragraph of a Packages file says. A field of several lines keeps its first, which is all we need."""
    fields = dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line and line[0] != " ")
    package = Package(
        name=fields["Package"],
        version=fields["Version"],
        architecture=fields["Architecture"],
        filename=fields["Filename"],
        sha256=fields["SHA256"],
        size=int(fields["Size"]),
        archive=archive,
    )
    return Candidate(package, fields)


def _split(indexes: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, str, str]]:
    for archive, data in indexes:
        for text in data.decode().split("\n\n"):
            if text := text.strip("\n"):
                yield archive, text.partition("\n")[0].removeprefix("Package: "), text

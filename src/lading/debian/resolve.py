"""Names of packages → all that must be installed with them, chosen the same way every time.

No search: the newest package that fits is taken, and a choice is never taken back. Debian's archives are kept
installable, so that a choice that would have to be taken back is rare, and then it is an error and not a guess.
"""

from __future__ import annotations

import difflib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lading.debian import version
from lading.debian.packages import Candidate, Catalogue, Package
from lading.errors import BadInput, Outside

#: What no image needs: packages (a pattern), one that they depend on, and why the dependency is not followed.
#: A package that is asked for by name is taken all the same.
NOT_FOLLOWED = (
    ("*", "debconf", "asks an administrator questions in maintainer scripts, and none is run"),
    ("*", "dpkg", "an image is not upgraded in place"),
    ("*", "install-info", "keeps the index of GNU info, and there are no info pages"),
    ("*", "init-system-helpers", "starts and stops services from maintainer scripts"),
    ("*", "ucf", "merges configuration files in maintainer scripts"),
    ("base-files", "awk", "for its maintainer script"),
    ("ca-certificates", "openssl", "for update-ca-certificates, whose work is done by certificates.py"),
    ("libpython3.*-stdlib", "libdb5.3t64", "for dbm.ndbm alone: Berkeley DB, 1.9 MB, last released in 2013"),
)

_RELATION = re.compile(r"([a-z0-9][a-z0-9+.-]*)(?::\S+)?(?:\s*\((<<|<=|=|>=|>>|<|>)\s*([^)\s]+)\s*\))?")


@dataclass(frozen=True, slots=True)
class Relation:
    """One alternative of a dependency, Policy 7.1: `libc6 (>= 2.38)`."""

    name: str
    operator: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name


def relations(text: str) -> Iterator[tuple[Relation, ...]]:
    """The groups of a relationship field, each a tuple of alternatives; an architecture qualifier is dropped."""
    for group in filter(None, (part.strip() for part in text.split(","))):
        found = (_RELATION.match(one.strip()) for one in group.split("|"))
        yield tuple(Relation(one[1], one[2] or "", one[3] or "") for one in found if one)


def closure(wanted: Sequence[str], catalogue: Catalogue) -> tuple[Package, ...]:
    """`wanted` and all that they need (`Depends`, `Pre-Depends`), by name.

    Raises `BadInput` for a package that there is not, with the nearest names, and for two that exclude each other;
    `Outside` for a dependency that the archives cannot satisfy.
    """
    chosen: dict[str, Candidate] = {}
    for name in wanted:
        chosen[name] = _named(name, catalogue)
    rows = [(who, needed) for who, needed, _ in NOT_FOLLOWED if needed not in wanted]
    queue = deque(chosen.values())
    while queue:
        dependent = queue.popleft()
        left = {needed for who, needed in rows if fnmatchcase(dependent.name, who)}
        for field in ("Pre-Depends", "Depends"):
            for group in relations(dependent.fields.get(field, "")):
                if any(one.name in left or _met(one, chosen.values()) for one in group):
                    continue
                found = _choose(group, chosen, catalogue) or _unsatisfiable(dependent, group, catalogue)
                chosen[found.name] = found
                queue.append(found)
    _exclusive(chosen)
    return tuple(chosen[name].package for name in sorted(chosen))


def _named(name: str, catalogue: Catalogue) -> Candidate:
    if found := catalogue.candidates(name):
        return found[0]
    if providers := dict.fromkeys(one.name for one in _providing(Relation(name), catalogue)):
        hint = f"it is a name for one of several: choose {_or(list(providers)[:5])}"
    else:
        like = [one for one in catalogue.paragraphs if one[:1] == name[:1] and abs(len(one) - len(name)) < 4]
        near = difflib.get_close_matches(name, like, n=3)
        hint = f"did you mean {_or(near)}?" if near else "the names are those that `apt search` finds on Debian"
    raise BadInput(f"there is no package `{name}` in Debian {catalogue.suite} for {catalogue.architecture}", hint=hint)


def _met(relation: Relation, chosen: Iterable[Candidate]) -> bool:
    return any(_fits(relation, one) for one in chosen)


def _fits(relation: Relation, one: Candidate) -> bool:
    """Whether `one` is what `relation` names, or provides it; a version asks for a provision with one, Policy 7.5."""
    if one.name == relation.name:
        return version.satisfies(one.version, relation.operator, relation.version)
    provided = (each for group in relations(one.fields.get("Provides", "")) for each in group)
    return any(
        each.name == relation.name
        and (
            not relation.operator
            or (each.version and version.satisfies(each.version, relation.operator, relation.version))
        )
        for each in provided
    )


def _choose(group: Sequence[Relation], chosen: Mapping[str, Candidate], catalogue: Catalogue) -> Candidate | None:
    """The first alternative's newest package that fits, else its first provider, else the next alternative's."""
    for relation in group:
        for one in (*catalogue.candidates(relation.name), *_providing(relation, catalogue)):
            if one.name not in chosen and _fits(relation, one):
                return one
    return None


def _providing(relation: Relation, catalogue: Catalogue) -> list[Candidate]:
    return [one for one in catalogue.providers(relation.name) if _fits(relation, one)]


def _unsatisfiable(dependent: Candidate, group: Sequence[Relation], catalogue: Catalogue) -> Candidate:
    there = [f"{one.name} {one.version}" for relation in group for one in catalogue.candidates(relation.name)]
    raise Outside(
        f"`{dependent.name}` {dependent.version} needs {_or([str(one) for one in group])}, and Debian "
        f"{catalogue.suite} for {catalogue.architecture} has {', '.join(there) if there else 'no such package'}",
        hint="the mirror may be in the middle of an update: try again in a while",
    )


def _exclusive(chosen: Mapping[str, Candidate]) -> None:
    for one in chosen.values():
        for field in ("Conflicts", "Breaks"):
            for relation in (each for group in relations(one.fields.get(field, "")) for each in group):
                for other in chosen.values():
                    # A package may conflict with a virtual package that it provides itself, Policy 7.6.2.
                    if other is not one and _fits(relation, other):
                        raise BadInput(
                            f"the packages `{one.name}` and `{other.name}` exclude each other",
                            hint="leave one of them out of `packages`",
                        )


def _or(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)

"""A setting, or this machine's apt sources → the addresses that Debian's packages come from.

The formats are those of sources.list(5) and apt.conf(5); apt itself need not be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lading.errors import BadInput
from lading.model import Fact

APT = Path("/etc/apt")

#: A source of Debian's own has one of these names as a suite, alone or before `-updates` and the like.
_SUITES = {
    *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
    *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    address: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    key: str  # the keyring that apt is told to use
    because: str


def find(given: Fact[str | None], environ: Mapping[str, str], apt: Path = APT) -> Fact[str]:
    """The address of a Debian mirror: the one that is `given`, else that of this machine's apt sources.

    Which suites apt takes from it does not matter, a mirror carries all that Debian supports. Raises `BadInput` when
    there is none, or when the one given is not an address.
    """
    if value := given.value or environ.get("LADING_MIRROR"):
        because = given.because if given.value else "LADING_MIRROR"
        if not re.match(r"https?://[^/]", value):
            raise BadInput(
                f"`{value}` is not the address of a Debian mirror",
                where=because,
                hint="it starts with http:// or https://",
            )
        return Fact(value.rstrip("/"), because)
    entries = [one for one in _entries(apt) if _debian(one) and not _security(one)]
    if not entries:
        raise BadInput(
            "no Debian mirror is known: this machine has no apt source of Debian's",
            hint="give one with `--mirror URL`, LADING_MIRROR or `mirror` in [tool.lading]; Debian lists its mirrors",
        )
    best = max(entries, key=_likely)  # the first of those that are equally likely
    return Fact(best.address, best.because)


def security(mirror: Fact[str], apt: Path = APT) -> Fact[str]:
    """The address of Debian's security archive: of apt's sources where `mirror` is, else the mirror's neighbour.

    Sites that mirror both keep them side by side, as `debian` and `debian-security`. That it is there is not known.
    """
    entries = [one for one in _entries(apt) if _debian(one)]
    if any(one.because == mirror.because for one in entries):
        for one in sorted(filter(_security, entries), key=_likely, reverse=True):
            return Fact(one.address, one.because)
    return Fact(f"{mirror.value}-security", f"beside {mirror.because}")


def dated(apt: Path = APT) -> bool:
    """Whether an archive's dates are held against the clock: yes, unless apt is told here not to.

    An administrator who serves a frozen archive has said so in apt's configuration (`Acquire::Check-Valid-Until`,
    `Acquire::Check-Date`), because apt would refuse it too.
    """
    files = [apt / "apt.conf", *sorted((apt / "apt.conf.d").glob("*"))]
    text = "\n".join(_text(path) for path in files if path.is_file())
    text = re.sub(r"/\*.*?\*/|(?m:^\s*(?://|#)[^\n]*$)", "", text, flags=re.DOTALL)
    said = dict(re.findall(r'\b(Check-Valid-Until|Check-Date)\s+"?(\w+)"?\s*;', text))
    return not {"false", "no", "off", "0"} & {value.lower() for value in said.values()}


def _entries(apt: Path) -> Iterator[_Entry]:
    folder = apt / "sources.list.d"
    for path in (apt / "sources.list", *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))):
        if path.is_file():
            yield from (_deb822 if path.suffix == ".sources" else _one_line)(path)


def _one_line(path: Path) -> Iterator[_Entry]:
    """`deb [signed-by=… arch=…] address suite component…`."""
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if found := re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)([^#]*)", line):
            key = re.search(r"signed-by=(\S+)", found[1] or "", re.IGNORECASE)
            yield _Entry(
                address=found[2].rstrip("/"),
                suites=(found[3],),
                components=tuple(found[4].split()),
                key=key[1] if key else "",
                because=f"{path}:{number}",
            )


def _deb822(path: Path) -> Iterator[_Entry]:
    """Paragraphs of `Types`, `URIs`, `Suites`, `Components`, `Signed-By`."""
    fields: dict[str, str] = {}
    name, begins = "", 1
    for number, line in enumerate([*_text(path).splitlines(), ""], start=1):
        if line.startswith("#"):
            continue
        if line[:1] in {" ", "\t"} and line.strip():
            fields[name] += " " + line.strip()
        elif line.strip():
            begins = begins if fields else number
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
        elif fields:
            if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in {"no", "false"}:
                for address in fields.get("uris", "").split():
                    yield _Entry(
                        address=address.rstrip("/"),
                        suites=tuple(fields.get("suites", "").split()),
                        components=tuple(fields.get("components", "").split()),
                        key=fields.get("signed-by", ""),
                        because=f"{path}:{begins}",
                    )
            fields = {}


def _debian(entry: _Entry) -> bool:
    """Whether the entry may be one of Debian's own archives, and can be asked over HTTP."""
    return (
        entry.address.startswith(("http://", "https://"))
        and "main" in entry.components
        and (_likely(entry) > 0 or _security(entry))
        and any(re.split("[-/]", suite)[0] in _SUITES for suite in entry.suites)
    )


def _security(entry: _Entry) -> bool:
    return any(suite.endswith(("-security", "/updates")) for suite in entry.suites)


def _likely(entry: _Entry) -> int:
    """Others use Debian's names of suites too; Debian's own have Debian's keyring, or an address that says so."""
    if "debian-archive" in entry.key:
        return 2
    return 1 if entry.address.rpartition("/")[2].startswith("debian") else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # apt's own files may be closed to others: what cannot be read tells nothing

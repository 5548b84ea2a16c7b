"""Which mirror: a setting, or what the machine's apt sources say."""

from __future__ import annotations

from pathlib import Path

import pytest

from lading.debian import mirror
from lading.errors import BadInput
from lading.model import Fact

NOTHING: Fact[str | None] = Fact(None, "default")

DEB822 = """\
# Debian's own, as in its container images

Types: deb
URIs: http://mirror.example/debian/ http://second.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

ONE_LINE = """\
deb-src http://src.example/debian trixie main
# deb http://comment.example/debian trixie main
deb cdrom:[Debian]/ trixie main
deb [arch=amd64] https://other.example/linux/chrome/deb stable main
deb [ signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=amd64 ] https://one.example/x trixie main # x
deb http://security.example/sec trixie-security main
"""


def apt(folder: Path, **files: str) -> Path:
    """An /etc/apt with `files`: `sources_list`, or the name of a file in sources.list.d or apt.conf.d."""
    for name, text in files.items():
        stem, _, kind = name.rpartition("_")
        place = {
            "list": folder / ("sources.list" if stem == "main" else f"sources.list.d/{stem}.list"),
            "sources": folder / f"sources.list.d/{stem}.sources",
            "conf": folder / f"apt.conf.d/{stem}",
        }[kind]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "found", "line", "security"),
    [
        (
            {"debian_sources": DEB822},
            "http://mirror.example/debian",
            "sources.list.d/debian.sources:3",
            "http://security.example/debian-security",
        ),
        ({"main_list": ONE_LINE}, "https://one.example/x", "sources.list:5", "http://security.example/sec"),
        (
            {"a_list": "deb http://apt.example/debian sid main\n"},
            "http://apt.example/debian",
            "sources.list.d/a.list:1",
            "http://apt.example/debian-security",
        ),
        (
            # A third party with Debian's names of suites is passed over for an address that ends in `debian`.
            {"a_list": "deb http://x.example/php trixie main\ndeb http://x.example/debian trixie main\n"},
            "http://x.example/debian",
            "sources.list.d/a.list:2",
            "http://x.example/debian-security",
        ),
        (
            {
                "a_sources": "Types: deb\nEnabled: no\nURIs: http://a.example/debian\nSuites: trixie\nComponents: main",
                "b_sources": "Types: deb\nURIs:\n http://on.example/debian\nSuites: trixie\nComponents: main\n",
            },
            "http://on.example/debian",
            "sources.list.d/b.sources:1",
            "http://on.example/debian-security",
        ),
    ],
    ids=["deb822", "one-line", "no keyring", "a third party", "disabled, continued"],
)
def test_the_mirror_is_that_of_the_apt_sources(
    tmp_path: Path, files: dict[str, str], found: str, line: str, security: str
) -> None:
    folder = apt(tmp_path, **files)
    fact = mirror.find(NOTHING, {}, folder)
    assert fact == Fact(found, f"{tmp_path}/{line}")
    assert mirror.security(fact, folder).value == security


def test_a_setting_goes_before_the_environment_and_that_before_the_apt_sources(tmp_path: Path) -> None:
    folder = apt(tmp_path, debian_sources=DEB822)
    environ = {"LADING_MIRROR": "http://env.example/debian"}
    given: Fact[str | None] = Fact("https://flag.example/debian/", "--mirror")
    assert mirror.find(given, environ, folder) == Fact("https://flag.example/debian", "--mirror")
    found = mirror.find(NOTHING, environ, folder)
    assert found == Fact("http://env.example/debian", "LADING_MIRROR")
    # The security archive is that beside the mirror: apt's own belongs to another mirror.
    assert mirror.security(found, folder) == Fact("http://env.example/debian-security", "beside LADING_MIRROR")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"main_list": "deb http://archive.example/ubuntu noble main\n"},
        {"main_list": "deb mirror+file:/etc/apt/mirrors.txt trixie main\ndeb cdrom:[Debian]/ trixie main\n"},
        {"main_list": "deb http://x.example/linux/debian trixie stable\n"},
        {"main_list": "deb [signed-by=/k.gpg] http://x.example/php trixie main\n"},
        {"main_list": "deb http://x.example/debian-security trixie-security main\n"},
    ],
    ids=["no apt", "another distribution", "no address", "no main", "another's key", "only security"],
)
def test_no_mirror_is_an_error_that_says_how_to_give_one(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(BadInput) as error:
        mirror.find(NOTHING, {}, apt(tmp_path, **files))
    assert str(error.value) == "no Debian mirror is known: this machine has no apt source of Debian's"
    assert error.value.hint == (
        "give one with `--mirror URL`, LADING_MIRROR or `mirror` in [tool.lading]; Debian lists its mirrors"
    )


def test_what_is_not_an_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        mirror.find(Fact("mirror.example/debian", "--mirror"), {}, tmp_path)
    assert str(error.value) == "--mirror: `mirror.example/debian` is not the address of a Debian mirror"


@pytest.mark.parametrize(
    ("text", "dated"),
    [
        ("", True),
        ('Acquire::Check-Valid-Until "false";\n', False),
        ('Acquire { Check-Date "no"; };\n', False),
        ('// note\nAPT::X "y";\nAcquire::Check-Valid-Until "false";\n', False),
        ('// Acquire::Check-Valid-Until "false";\n/* Acquire::Check-Date "false"; */\n', True),
        ('Acquire::Check-Valid-Until "true";\n', True),
    ],
)
def test_dates_count_unless_apt_is_told_that_they_do_not(tmp_path: Path, text: str, dated: bool) -> None:
    assert mirror.dated(apt(tmp_path, x_conf=text)) is dated

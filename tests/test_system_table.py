"""The table of Debian packages, against Debian."""

import os
import runpy
from pathlib import Path

import pytest

from lading.debian import mirror
from lading.detect import system
from lading.model import Fact

NAMES = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "debian_names.py"))


def test_names_of_other_releases_are_of_packages_in_the_table() -> None:
    renamed = {name for suite in NAMES["SUITES"] for name in NAMES["renamed"](suite)}
    assert renamed <= set(NAMES["named"]())


def test_a_package_has_its_name_in_each_release() -> None:
    assert system.on("libmagic1t64", "trixie") == "libmagic1t64"
    assert system.on("libmagic1t64", "bookworm") == "libmagic1"
    assert system.on("wkhtmltopdf", "trixie") is None
    assert system.on("anything", "sid") == "anything"


@pytest.mark.network
def test_debian_has_every_package() -> None:
    assert list(NAMES["wrong"](mirror.find(Fact(None, ""), os.environ).value)) == []

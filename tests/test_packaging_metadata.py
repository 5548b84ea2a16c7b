"""The metadata that a build back end would write, from the manifest alone; and what only the back end can tell."""

import pytest

from lading.build import project
from lading.detect import packaging_metadata
from lading.errors import BadInput
from lading.model import Packaging
from lading.source import Memory

NEW = '[project]\nname = "a"\n'


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"pyproject.toml": NEW + 'version = "1.0"\n'}, "1.0"),
        ({"pyproject.toml": '[tool.poetry]\nname = "a"\nversion = "1.0.0-rc1"\n'}, "1.0.0rc1"),
        ({"setup.cfg": "[metadata]\nname = a\nversion = 2\n[options]\ninstall_requires = x\n"}, "2"),
        ({"setup.py": "from setuptools import setup\nsetup(name='a', version='3')\n"}, "3"),
        (
            {
                "pyproject.toml": NEW
                + 'dynamic = ["version"]\n[tool.setuptools.dynamic]\nversion = { attr = "a.b.V" }\n',
                "src/a/b.py": "V: str = 'v4.1'\n",
            },
            "4.1",
        ),
        (
            {
                "pyproject.toml": NEW + 'dynamic = ["version"]\n[tool.setuptools.dynamic]\nversion = { file = "V" }\n',
                "V": "5\n",
            },
            "5",
        ),
        (
            {
                "pyproject.toml": NEW + 'dynamic = ["version"]\n[tool.hatch.version]\npath = "a/x.py"\n',
                "a/x.py": 'x = 1\n__version__ = "6"\n',
            },
            "6",
        ),
        ({"pyproject.toml": NEW + 'dynamic = ["version"]\n', "a/__init__.py": '__version__ = "7"\n'}, "7"),
    ],
)
def test_the_version_is_where_the_manifest_says(files: dict[str, str], version: str) -> None:
    assert packaging_metadata.read(Memory(files), None).version == version


def test_a_version_that_git_would_say_is_that_of_the_dockerfile() -> None:
    source = Memory({"pyproject.toml": NEW + 'dynamic = ["version"]\n'})
    assert packaging_metadata.read(source, Packaging(backend="hatchling.build", version="vcs")).version == "0.0.0"


@pytest.mark.parametrize(
    ("files", "what", "where"),
    [
        ({"pyproject.toml": NEW + 'dynamic = ["version"]\n'}, "the version", "pyproject.toml"),
        ({"setup.py": "from setuptools import setup\nsetup(version='3')\n"}, "the name", "setup.py"),
        (
            {"pyproject.toml": NEW + 'version = "1"\ndynamic = ["entry-points"]\n'},
            "the entry points",
            "pyproject.toml",
        ),
        (
            {"setup.py": "from setuptools import setup\nsetup(name='a', version='1', entry_points={'g': f()})\n"},
            "the entry points",
            "setup.py",
        ),
    ],
)
def test_what_only_the_back_end_knows_is_refused(files: dict[str, str], what: str, where: str) -> None:
    with pytest.raises(BadInput) as caught:
        packaging_metadata.read(Memory(files), None)
    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        f"the project asks for its own metadata, and only its build back end knows {what}: the native builder does not "
        "run it, because that is foreign code on this machine",
        where,
        "build with `--builder docker`, which runs it in a container, or write it into the manifest",
    )


def test_the_entry_points_are_those_of_every_kind_of_manifest() -> None:
    poetry = '[tool.poetry]\nname = "a"\nversion = "1"\n[tool.poetry.plugins."g.h"]\none = "a.b:c"\n'
    assert packaging_metadata.read(Memory({"pyproject.toml": poetry}), None).entry_points == "[g.h]\none = a.b:c\n"
    config = "[metadata]\nname = a\nversion = 1\n[options.entry_points]\ng =\n  one = a.b:c\n  two = a.b\n"
    assert packaging_metadata.read(Memory({"setup.cfg": config}), None).entry_points == (
        "[g]\none = a.b:c\ntwo = a.b\n"
    )


def test_a_project_that_need_not_be_installed_has_no_layer_for_it() -> None:
    from values import PLAN

    assert project.recipes(PLAN, Memory({})) == ()

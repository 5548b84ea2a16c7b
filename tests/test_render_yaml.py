"""What our YAML says, read by the reader that compose files are for, and its form."""

import json
import subprocess

import pytest
from test_ignore import docker

from lading.render import yaml
from lading.render.yaml import Alias, Anchor, Flow


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("postgres", "postgres"),
        ("postgres:16", "postgres:16"),
        ("./.secrets/url", "./.secrets/url"),
        (".", "."),
        ("/tmp", "/tmp"),
        ("512m", "512m"),
        ("10s", "10s"),
        ("", '""'),
        ("no", '"no"'),
        ("Yes", '"Yes"'),
        ("off", '"off"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("8000", '"8000"'),
        ("1_000", '"1_000"'),
        ("1e3", '"1e3"'),
        ("22:22", '"22:22"'),
        (".5", '".5"'),
        ("2026-01-31", '"2026-01-31"'),
        ("-q", '"-q"'),
        ("a: b", '"a: b"'),
        ("a:", '"a:"'),
        ("a #b", '"a #b"'),
        ("*a", '"*a"'),
        ("${PORT:-8000}", '"${PORT:-8000}"'),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ("über", '"über"'),
        (None, ""),
        (True, "true"),
        (1.0, "1.0"),
        (3, "3"),
    ],
)
def test_a_scalar_is_quoted_where_it_could_be_taken_for_another(value: object, line: str) -> None:
    assert yaml.scalar(value) == line


def test_the_form() -> None:
    document = {
        "# a comment\n# of two lines": None,
        "x-all": Anchor("all", {"a": 1, "b": None, "none": {}}),
        " ": None,
        "list": ["x", {"source": "s", "target": "/z"}, "5"],
        "one": {"<<": Alias("all"), "line": Flow(["a", "b c"]), "empty": []},
    }
    assert yaml.dump(document) == (
        "# a comment\n# of two lines\nx-all: &all\n  a: 1\n  b:\n  none: {}\n\n"
        'list:\n  - x\n  - source: s\n    target: /z\n  - "5"\n'
        'one:\n  <<: *all\n  line: [a, "b c"]\n  empty: []\n'
    )


@pytest.mark.engine
def test_compose_reads_back_what_was_meant() -> None:
    words = [
        "no",
        "1e3",
        "0x1f",
        "22:22",
        "a: b",
        "# x",
        "- y",
        "'",
        '"',
        "\\n",
        "über",
        "null",
        ".",
        "@a",
        "%a",
        "`a`",
    ]
    environment = {f"V{number}": word for number, word in enumerate(words)}
    service = {"image": "x", "command": Flow(words), "environment": environment}
    text = yaml.dump({"services": {"s": service}})
    done = subprocess.run(
        [docker(), "compose", "-p", "x", "-f", "-", "config", "--format", "json"],
        input=text.encode(), capture_output=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)["services"]["s"]
    assert found["command"] == words
    assert found["environment"] == environment

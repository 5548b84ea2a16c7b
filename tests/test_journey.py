"""The rows `[[requests]]` of the settings: what they become, and what is said of those that cannot be."""

import pytest

from lading import settings
from lading.errors import BadInput
from lading.model import Request
from lading.source import Memory


def load(text: str, path: str = "lading.toml") -> settings.Settings:
    return settings.load(Memory({path: text, "clip.mp4": b"clip"}), {}, {})


def test_a_row_says_what_is_asked_and_what_is_wanted() -> None:
    found = load("""
[[requests]]
path = "/health"

[[requests]]
method = "POST"
path = "/tasks"
headers = { X-Key = "{key}" }
json = { title = "Müsli", tags = [1, true] }
status = 201
contains = "Müsli"
keep = { task = "id" }

[[requests]]
method = "POST"
path = "/clips"
file = "clip.mp4"
form = { camera = "door" }
contains = ["a", "b"]
until = 30
times = 2
again = true
""")
    assert found.requests == (
        Request(path="/health"),
        Request(
            method="POST",
            path="/tasks",
            headers={"Content-Type": "application/json", "X-Key": "{key}"},
            body='{"title": "Müsli", "tags": [1, true]}',
            status=201,
            contains=("Müsli",),
            keep={"task": "id"},
        ),
        Request(
            method="POST", path="/clips", file="clip.mp4", form={"camera": "door"}, contains=("a", "b"), until=30,
            times=2, again=True,
        ),
    )  # fmt: skip
    assert found.uploads == {"clip.mp4": b"clip"}


def test_they_stand_in_pyproject_too_and_lading_toml_has_the_last_word() -> None:
    row = '[[tool.lading.requests]]\npath = "/a"\n'
    assert load(row, "pyproject.toml").requests == (Request(path="/a"),)
    both = Memory({"pyproject.toml": row, "lading.toml": '[[requests]]\npath = "/b"\n'})
    assert settings.load(both, {}, {}).requests == (Request(path="/b"),)


@pytest.mark.parametrize(
    ("row", "said", "hint"),
    [
        ("pth = '/a'", "a request has no `pth`", "did you mean `path`?"),
        ("zzz = 1", "a request has no `zzz`", "the keys are path, method"),
        ("method = 'GET'", "a request needs a `path`", "say what is asked"),
        ("path = 'a'", "`path` of a request must be a path that begins with `/`, not `a`", ""),
        ("path = '/a b'", "`path` of a request must be a path that begins with `/`, not `/a b`", ""),
        ("path = '/a'\nmethod = 'get'", "`method` of a request must be a method in capitals, not `get`", ""),
        ("path = '/a'\nstatus = 99", "`status` of a request must be a status from 100 to 599, not `99`", ""),
        ("path = '/a'\nstatus = true", "`status` of a request must be a status from 100 to 599, not `True`", ""),
        ("path = '/a'\nuntil = 301", "`until` of a request must be seconds, from 0 to 300, not `301`", ""),
        ("path = '/a'\ntimes = 0", "`times` of a request must be a number from 1 to 10000, not `0`", ""),
        ("path = '/a'\nagain = 1", "`again` of a request must be true or false, not `1`", ""),
        ("path = '/a'\nheaders = 'b'", "`headers` of a request must be a table of texts, not `b`", ""),
        ("path = '/a'\nkeep = {a = 1}", "`keep` of a request must be a table of names, each with a path", ""),
        ("path = '/a'\njson = 2026-01-01", "`json` of a request must be a value that JSON has", ""),
        ("path = '/a'\ncontains = 1", "`contains` of a request must be a text, or a list of texts, not `1`", ""),
        ("path = '/a'\nbody = 'b'\njson = 1", "a request has one of `json`, `body` and `file`", ""),
        ("path = '/a'\nbody = 'b'\nform = {}", "a request with a `form` has no other body", ""),
        ("path = '/a'\nfile = '../b'", "there is no file `../b` to send", "say its path from the project's root"),
    ],
)
def test_a_row_that_cannot_be_is_refused_at_its_line(row: str, said: str, hint: str) -> None:
    with pytest.raises(BadInput) as refused:
        load(f"port = 1\n\n[[requests]]\npath = '/good'\n\n[[ requests ]]  # the second\n{row}\n")
    assert (refused.value.where, hint in refused.value.hint) == ("lading.toml:6", True)
    assert refused.value.message.startswith(said)


@pytest.mark.parametrize("text", ["requests = 1", "requests = ['/a']", "[requests]\npath = '/a'"])
def test_what_is_no_rows_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"lading.toml: `requests` must be rows, each a table: `\[\[requests\]\]`"):
        load(text)


def test_rows_of_another_form_are_refused_at_the_file() -> None:
    with pytest.raises(BadInput) as refused:
        load("requests = [{path = '/a'}, {}]")
    assert (refused.value.where, refused.value.message) == ("lading.toml", "a request needs a `path`")

"""What a project says about how it is started: each kind of file, in its good and its bad forms."""

import json
import time
from typing import Any

import pytest

from lading import settings, written
from lading.detect import application, detect, evidence, evidence_docker, evidence_yaml, server
from lading.detect.code import Code
from lading.detect.evidence_servers import Start, parse
from lading.detect.evidence_shell import commands
from lading.errors import BadInput
from lading.source import Memory

pytestmark = pytest.mark.slow

APP = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef root(): ...\n"


def starts(files: dict[str, str | bytes]) -> list[tuple[str, str | None, int | None]]:
    """Every start of a server: where, of what, on which port."""
    found = evidence.read(Code(Memory(files))).servers
    return [(start.where, start.target, start.port) for start in found]


def first(files: dict[str, str | bytes]) -> Start:
    return evidence.read(Code(Memory(files))).servers[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exec uvicorn a:b --port 80", [("uvicorn", "a:b", "--port", "80")]),
        ("set -e; cd x && poetry run uvicorn a:b", [("uvicorn", "a:b")]),
        ("uv run --no-dev --with x python -m uvicorn a:b", [("uvicorn", "a:b")]),
        ("uv run -m uvicorn a:b", [("uvicorn", "a:b")]),
        ('sh -c "exec uvicorn a:b --port ${PORT:-8080}"', [("uvicorn", "a:b", "--port", "8080")]),
        ("tini -g -- gosu app:app python -u -X dev main.py", [("python", "main.py")]),
        ("A=1 env B=2 PORT=9 nohup hypercorn a:b > log 2>&1 &", [("hypercorn", "a:b")]),
        ("if true; then uvicorn a:b; fi", [("if", "true"), ("uvicorn", "a:b"), ("fi",)]),
        ("PORT=1\nuvicorn a:b --port $PORT", [("uvicorn", "a:b", "--port", "1")]),
        ("uvicorn a:b --port $UNKNOWN --host $HOST x", [("uvicorn", "a:b", "--port", "", "--host", "", "x")]),
        ("bash ./start.sh # uvicorn c:d", [("./start.sh",)]),
        ("uvicorn a:b 'unended", [("uvicorn", "a:b", "unended")]),
        ("gunicorn a:b \\\n  -w 2 # two\n", [("gunicorn", "a:b", "-w", "2")]),
        ("", []),
        ("&& ; || (", []),
    ],
)
def test_a_shells_text_is_its_simple_commands(text: str, expected: list[tuple[str, ...]]) -> None:
    assert [command.words for command in commands(text)] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("uvicorn app.main:app --host 0.0.0.0 --port=80 --workers 4 --proxy-headers",
         {"target": "app.main:app", "host": "0.0.0.0", "port": 80, "workers": 4, "proxy_headers": True}),
        ("uvicorn --app-dir src --factory x:make --reload",
         {"target": "x:make", "folder": "src", "factory": True, "reload": True}),
        ("gunicorn -w4 -k uvicorn.workers.UvicornWorker -b 0.0.0.0:80 --chdir app main:app",
         {"target": "main:app", "host": "0.0.0.0", "port": 80, "workers": 4, "folder": "app"}),
        ("gunicorn 'x:make()' -b [::]:9", {"target": "x:make", "factory": True, "host": "::", "port": 9}),
        ("gunicorn x:app -b unix:/run/x.sock", {"target": "x:app"}),
        ("gunicorn x:app -k gevent", {"target": "x:app", "asgi": False}),
        ("hypercorn asgi:x:app --bind localhost:8", {"target": "x:app", "host": "localhost", "port": 8}),
        ("granian --interface asgi x:app --url-path-prefix /v1", {"target": "x:app", "root_path": "/v1"}),
        ("fastapi run app/main.py --app site --port 1",
         {"target": ":site", "file": "app/main.py", "port": 1, "proxy_headers": True}),
        ("fastapi dev -e shop.main:app", {"target": "shop.main:app", "reload": True, "proxy_headers": True}),
        ("python -m shop.serve --port 9", {"file": "shop/serve"}),
        ("uvicorn x:app --port 99999999999999999999", {"target": "x:app"}),
        ("uvicorn", {}),
    ],
)  # fmt: skip
def test_a_servers_words_are_what_it_does(words: str, expected: dict[str, Any]) -> None:
    [command] = commands(words)
    found = parse(command.words, "x:1", "script")
    assert found == Start(program=command.words[0], argv=command.words, where="x:1", kind="script", **expected)


def test_yaml_is_read_as_far_as_compose_files_need_it() -> None:
    text = """\
# a comment
x-all: &all
  restart: always
  command: ["a b", 'c',
            d]
services:
  "web":
    <<: *all
    command: sh -c "one
      && two"   # not this
    ports:
    - "80:8000"  # nor this
    - target: 9000
    environment: {A: b}
    entrypoint: >-
      folded
      text
  other:
"""
    root = evidence_yaml.read(text)
    web = root.get("services", "web")
    assert web is not None
    assert [item.text for item in (root.get("x-all", "command") or web).items] == ["a b", "c", "d"]
    assert (web.get("restart") or web).text == "always"
    assert (web.get("command") or web).text == 'sh -c "one && two"'
    assert (web.get("entrypoint") or web).text == "folded\ntext"
    ports = (web.get("ports") or web).items
    assert (ports[0].text, (ports[1].get("target") or web).text, ports[1].line) == ("80:8000", "9000", 13)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[a, 'b, c', \"d: e\"]  # f", ["a", "b, c", "d: e"]),
        ("{a: b, c: {}, d: [e, {f: g}], h: }", {"a": "b", "c": {}, "d": ["e", {"f": "g"}], "h": ""}),
        ("[\n  a, # b\n  # c\n  http://d:1/e,\n]", ["a", "http://d:1/e"]),
        ('[CMD, pg_isready -U app, ${X:-[1,2]}, "it\'s"]', ["CMD", "pg_isready -U app", "${X:-[1,2]}", "it's"]),
        ("[[[" * 40, [[]]),
        ("{}", {}),
    ],
)
def test_brackets_and_braces(text: str, value: object) -> None:
    node = evidence_yaml.read(f"key: {text}\n").get("key")
    assert node is not None
    if text.startswith("[[["):
        assert node.items
    else:
        assert _values(node) == value


def _values(node: evidence_yaml.Node) -> object:
    if isinstance(node.value, dict):
        return {name: _values(one) for name, one in node.value.items()}
    return [_values(one) for one in node.value] if isinstance(node.value, list) else node.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[\n    "sh",\n    "-c",\n  ]', ["sh", "-c"]),
        ("uvicorn main:app\n    --reload", "uvicorn main:app --reload"),
        ('"a: b"', "a: b"),
        ("*any", ["x"]),
    ],
)
def test_a_value_may_begin_on_the_line_below_its_key(text: str, value: object) -> None:
    whole = f"any: &any [x]\nservice:\n  command:\n    {text}\n  image: a\n"
    root, unread = evidence_yaml.read_strictly(whole)
    assert (_values(root.get("service", "command") or root), unread) == (value, {})
    assert _values(root.get("service", "image") or root) == "a"


def test_what_is_merged_gives_way_and_is_no_repetition() -> None:
    text = "a: &a\n  x: 1\nb: &b\n  y: 2\nc:\n  <<: [*a, *b]\n  x: 3\n"
    root, unread = evidence_yaml.read_strictly(text)
    assert (_values(root.get("c") or root), unread) == ({"x": "3", "y": "2"}, {})


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("a: 1\nb\n", {2: "is no `key: value`"}),
        ("a:\n\tb: 1\n", {2: "is indented with a tab"}),
        ("a: 1\na: 2\n", {2: "says the same key again"}),
        ('a: "b\nc: 1\n', {1: "opens a quotation mark and does not close it"}),
        ("a: [b\nc: 1\n", {1: "opens a bracket and does not close it"}),
        ("a: |\n  any\n   thing\nb: 1\n# c\n", {}),
    ],
)
def test_lines_that_no_value_was_read_from(text: str, unread: dict[int, str]) -> None:
    assert evidence_yaml.read_strictly(text)[1] == unread


def test_a_dockerfiles_last_stage_inherits_what_the_ones_before_it_say() -> None:
    text = """\
ARG TAG=3.12
FROM python:${TAG} AS base
ENV HOST=0.0.0.0 \\
    # a comment in between
    PORT="8100"
WORKDIR /srv
COPY --chown=a:b src/app /srv/app
RUN <<EOF
CMD ["not", "this"]
EOF
FROM base AS last
EXPOSE $PORT/tcp 9
CMD uvicorn app.main:app --port $PORT
"""
    *_, last = evidence_docker.stages(text)
    assert (last.image, last.folder, last.exposed) == ("python:3.12", "/srv", [(8100, 12), (9, 12)])
    assert [words for words, _, _ in evidence_docker.words(last.entrypoint, last.command)] == [
        ("uvicorn", "app.main:app", "--port", "8100")
    ]
    assert list(evidence_docker.mapped(last.copies, "/srv")) == ["src"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Dockerfile": 'CMD ["uvicorn", "a:b"]'}, []),
        ({"Dockerfile": 'FROM python\nCMD ["uvicorn", "a:b", "--port", "1"]'}, [("Dockerfile:2", "a:b", 1)]),
        ({"Dockerfile": 'FROM python\nENTRYPOINT ["uvicorn"]\nCMD ["a:b"]'}, [("Dockerfile:2", "a:b", None)]),
        ({"Dockerfile": 'FROM nginx:1\nCMD ["uvicorn", "a:b"]'}, []),
        ({"deploy/api.dockerfile": "FROM python\nCMD uvicorn a:b"}, [("deploy/api.dockerfile:2", "a:b", None)]),
        ({"compose.yml": "services:\n  a:\n    image: x\n    command: uvicorn a:b\n"},
         [("compose.yml:4", "a:b", None)]),
        ({"Procfile": "web: uvicorn a:b --port $PORT\n"}, [("Procfile:1", "a:b", None)]),
        ({"x.service": "[Service]\nExecStart=/venv/bin/uvicorn a:b \\\n --port 3\n"}, [("x.service:2", "a:b", 3)]),
        ({"supervisord.conf": "[program:x]\ncommand=uvicorn a:b\n"}, [("supervisord.conf:2", "a:b", None)]),
        ({"fly.toml": '[processes]\napp = "uvicorn a:b"\n'}, []),
        ({"render.yaml": "services:\n- startCommand: uvicorn a:b --port 5\n"}, [("render.yaml:2", "a:b", 5)]),
        ({".github/workflows/ci.yml": "jobs:\n  x:\n    steps:\n    - run: uvicorn a:b &\n"},
         [(".github/workflows/ci.yml:4", "a:b", None)]),
        ({"README.md": "uvicorn a:b\n\n```\nuvicorn c:d\n```\n"}, [("README.md:4", "c:d", None)]),
        ({"README.md": "```\nuvicorn is a server\npip install uvicorn gunicorn\n```\n"}, []),
        ({".vscode/launch.json": '{// x\n"configurations": [{"module": "uvicorn", "args": ["a:b"],},]}'}, []),
        ({".vscode/launch.json": '{\n// x\n"configurations": [{"module": "uvicorn", "args": ["a:b"],},]}'},
         [(".vscode/launch.json:3", "a:b", None)]),
        ({"Pipfile": '[packages]\nuvicorn = "*"\n[scripts]\nx = "uvicorn a:b"\n'}, []),
        ({"m.py": "import uvicorn\nPORT = 7\nuvicorn.run('a:b', port=PORT)\n"}, [("m.py:3", "a:b", 7)]),
        ({"m.py": "import uvicorn\noptions = dict(port=6)\nuvicorn.run('a:b', **options)\n"}, [("m.py:3", "a:b", 6)]),
        ({"m.py": "import argparse, uvicorn\np = argparse.ArgumentParser()\np.add_argument('--port', default=4)\n"
                  "args = p.parse_args()\nuvicorn.run('a:b', port=args.port)\n"}, [("m.py:5", "a:b", 4)]),
        ({"m.py": "import click, uvicorn\n@click.option('--port', default=5)\ndef f(port):\n"
                  "    uvicorn.run('a:b', port=port)\n"}, [("m.py:4", "a:b", 5)]),
        ({"m.py": "import subprocess\nsubprocess.run(['uvicorn', 'a:b', '--port', '2'])\n"}, [("m.py:2", "a:b", 2)]),
        ({"test_m.py": "import uvicorn\nuvicorn.run('a:b')\n"}, []),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else None,
)  # fmt: skip
def test_each_file_says_how_it_is_started(
    files: dict[str, str | bytes], expected: list[tuple[str, str | None, int | None]]
) -> None:
    assert starts(files) == expected


def test_the_more_believable_comes_first() -> None:
    files: dict[str, str | bytes] = {
        "README.md": "    uvicorn a:a\n",
        "Makefile": "x:\n\tuvicorn b:b\n",
        "docker-compose.dev.yml": "services:\n  x:\n    build: .\n    command: uvicorn c:c\n",
        "Dockerfile": "FROM python\nCMD uvicorn d:d\n",
        "pyproject.toml": '[tool.fastapi]\nentrypoint = "e:e"\n',
        "m.py": "import uvicorn\nuvicorn.run('f:f')\n",
    }
    assert [target for _, target, _ in starts(files)] == ["e:e", "d:d", "c:c", "f:f", "b:b", "a:a"]


def test_a_script_is_followed_to_what_it_starts() -> None:
    files: dict[str, str | bytes] = {
        "Dockerfile": 'FROM python\nCOPY . /srv\nENTRYPOINT ["/srv/ops/entry.sh"]\n',
        "ops/entry.sh": '#!/bin/sh\nif [ -n "$X" ]; then\n  python -m shop\nfi\n',
        "shop/__main__.py": "from shop.serve import run\nrun()\n",
        "shop/serve.py": "import uvicorn\ndef run(): uvicorn.run('shop.web:app', port=81)\n",
        "shop/web.py": APP,
    }
    found = first(files)
    assert (found.kind, found.where, found.target, found.port) == ("dockerfile", "shop/serve.py:2", "shop.web:app", 81)


def test_scripts_that_call_each_other_come_to_an_end() -> None:
    loop = "".join(f"./s{number}.sh\npython -m p\n" for number in range(40))
    files: dict[str, str | bytes] = {f"s{number}.sh": loop for number in range(40)}
    started = time.perf_counter()
    assert starts({**files, "Procfile": "web: ./s0.sh\n"}) == []
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "text",
    [
        "FROM " * 2000, "FROM x\nCMD [" + "[" * 50_000, "FROM x\nENV " + "A=$A " * 5000, "a: &a\n  <<: *a\n" * 500,
        "- " * 5000 + "x", "x:\n" + "".join(" " * n + f"k{n}:\n" for n in range(2000)), 'a: "' + "x\n" * 20_000,
        "a: [" + "\n[" * 20_000, "services:\n  a:\n    command: " + "sh -c '" * 200, "\\\n" * 50_000, "${" * 20_000,
        "```\n" + "uvicorn " * 20_000, "web: " + "'" * 20_001, "\0\0\0", "é" * 10_000, "uvicorn a:b;" * 5_000,
    ],
    ids=lambda text: repr(text[:16]),
)  # fmt: skip
@pytest.mark.parametrize(
    "path",
    ["Dockerfile", "compose.yml", "Procfile", "README.md", "a.sh", ".vscode/launch.json", "x.service", "Makefile"],
)
def test_no_text_stops_it_or_takes_long(path: str, text: str) -> None:
    started = time.perf_counter()
    assert len(starts({path: text})) <= 200
    assert time.perf_counter() - started < 2


def project(files: dict[str, str | bytes]) -> Any:
    source = Memory({"requirements.txt": "fastapi\nuvicorn\n", **files})
    return detect(source, settings.load(source, {}, {}))


def test_an_application_that_only_the_evidence_tells_of_is_taken() -> None:
    files: dict[str, str | bytes] = {
        "main.py": "from thirdparty import build\napp = build()\n",
        "other.py": APP,
        "Dockerfile": "FROM python\nCMD uvicorn main:app\n",
    }
    assert project(files).application.value.target == "main:app"
    flask = {**files, "main.py": "from flask import Flask\napp = Flask('x')\n"}
    assert project(flask).application.value.target == "other:app"


def test_evidence_of_what_is_not_there_changes_nothing() -> None:
    found = project({"main.py": APP, "Dockerfile": "FROM python\nCMD uvicorn gone.main:application --port 8123\n"})
    assert (found.application.value.target, found.application.because) == ("main:app", "main.py:2")


def test_an_error_lists_all_that_are_as_likely() -> None:
    with pytest.raises(BadInput) as caught:
        project({"a/main.py": APP, "b/main.py": APP})
    assert str(caught.value) == (
        "there are 2 FastAPI applications, and nothing says which one to serve: "
        "`a.main:app` (a/main.py:2), `b.main:app` (b/main.py:2)"
    )


def test_the_story_names_every_candidate_and_every_start() -> None:
    files: dict[str, str | bytes] = {"main.py": APP, "old.py": APP, "Procfile": "web: uvicorn main:app --port 8\n"}
    source = Memory(files)
    told = application.story(source, settings.load(source, {}, {}))
    assert told[0] == "2 candidates, by what speaks for each:"
    assert [line.strip() for line in told if "Procfile:1" in line] == [
        "Procfile:1 starts it, with uvicorn",
        "88  Procfile:1 uvicorn: main.py: app",
    ]
    assert server.story(source, settings.load(source, {}, {})) == (
        "   88  Procfile:1 uvicorn: target main:app, port 8",
    )


def test_what_lies_above_the_backend_is_heeded() -> None:
    whole: dict[str, str | bytes] = {
        "Dockerfile": "FROM python\nWORKDIR /code\nCOPY api/ /code\nCMD uvicorn main:app --port 8200\n",
        "docker-compose.yml": "services:\n  web:\n    build: ./web\n    command: uvicorn main:app --port 1\n",
        "api/requirements.txt": "fastapi\nuvicorn\n",
        "api/main.py": APP,
        "web/package.json": "{}",
    }
    source = Memory(whole)
    found = detect(source, settings.load(source, {}, {}))
    assert (found.listens and (found.listens.value, found.listens.because)) == (8200, "../Dockerfile:4")


def test_what_we_wrote_ourselves_is_no_evidence() -> None:
    text = "FROM python\nCMD uvicorn a:b --port 1\n"
    files: dict[str, str | bytes] = {
        "Dockerfile": text,
        ".lading/written.json": json.dumps({"Dockerfile": written.digest(text)}),
        ".lading/launch.py": "import uvicorn\nuvicorn.run('a:b')\n",
    }

    def left() -> dict[str, str | bytes]:
        tree = written.without(Memory(files))
        return {path: tree.read(path) for path in tree.files}

    assert left() == {}
    files["Dockerfile"] = f"{text}# mine\n"
    assert starts(left()) == [("Dockerfile:2", "a:b", 1)]


def test_the_port_of_a_debugger_is_none_that_the_server_listens_on() -> None:
    files: dict[str, str | bytes] = {
        "main.py": APP,
        "requirements.txt": "fastapi\nuvicorn\n",
        "compose.yaml": "services:\n  api:\n    build: .\n    ports: ['8100:8100']\n",
        "compose.override.yaml": "services:\n  api:\n    build: .\n    ports: ['127.0.0.1:5678:5678']\n",
    }
    source = Memory(files)
    found = detect(source, settings.load(source, {}, {}))
    assert (found.listens and found.listens.value) == 8100

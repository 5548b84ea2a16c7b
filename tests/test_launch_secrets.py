"""Secrets: read from files, handed to the application, and to nobody else."""

import signal
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from standins import PLAN, WAITS, Container, Server, ended

from lading.model import Backing, Program, Variable

pytestmark = pytest.mark.slow

KEY = Variable(name="SECRET_KEY", required=True, secret=True)
URL = Variable(name="DATABASE_URL", type="url")
MODE = Variable(name="MODE", allowed=("fast",), type="enum")


@pytest.fixture
def contract(container: Container) -> Container:
    return container.install(replace(PLAN, variables=(KEY, URL, MODE)))


def held(container: Container, data: bytes, name: str = "secret") -> str:
    path = container.root / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    ("data", "gets"),
    [
        (b"hush", "hush"),
        (b"hush\n", "hush"),
        (b"hush\r\n", "hush"),
        (b" hush \n\n", " hush "),
        (b"one\ntwo\n", "one\ntwo"),
        ("geheim ü 😀".encode(), "geheim ü 😀"),
        (b"", ""),
    ],
    ids=str,
)
def test_a_file_gives_the_value(contract: Container, data: bytes, gets: str) -> None:
    assert contract.run(SECRET_KEY_FILE=held(contract, data)) == (0, "")
    env = contract.called()[0]["env"]
    assert (env["SECRET_KEY"], "SECRET_KEY_FILE" in env) == (gets, False)


def test_any_variable_may_be_in_a_file(contract: Container) -> None:
    url = "postgresql://me:hush@db/x"
    status, said = contract.run(
        SECRET_KEY="x", DATABASE_URL_FILE=held(contract, url.encode()), MODE_FILE=held(contract, b"FAST\n", "mode")
    )
    assert (status, said) == (0, "")
    env = contract.called()[0]["env"]
    assert (env["DATABASE_URL"], env["MODE"]) == (url, "fast")


def test_an_empty_variable_beside_a_file_is_none(contract: Container) -> None:
    assert contract.run(SECRET_KEY="", SECRET_KEY_FILE=held(contract, b"hush")) == (0, "")
    assert contract.called()[0]["env"]["SECRET_KEY"] == "hush"


def test_a_file_of_another_variable_is_none_of_ours(container: Container) -> None:
    """`CERT_FILE` is a path that the application wants itself; so is one that no variable of the contract has."""
    container.install(replace(PLAN, variables=(Variable(name="CERT"), Variable(name="CERT_FILE", type="path"))))
    assert container.run(CERT_FILE="/nowhere", SSL_CERT_FILE="/nowhere") == (0, "")
    env = container.called()[0]["env"]
    assert ("CERT" in env, env["CERT_FILE"], env["SSL_CERT_FILE"]) == (False, "/nowhere", "/nowhere")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nothing", "No such file or directory"),
        ("folder", "Is a directory"),
        ("secret", "it is not UTF-8"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_a_file_that_cannot_be_read_is_said(contract: Container, name: str, why: str) -> None:
    held(contract, b"hush \xff")
    (contract.root / "folder").mkdir()
    (contract.root / "loop").symlink_to("loop")
    status, said = contract.run(SECRET_KEY_FILE=f"{contract.root}/{name}")
    refused = f"SECRET_KEY_FILE is `/{name}`, which cannot be read: {why}"
    assert (status, said) == (
        2, f"lading: {refused}; SECRET_KEY is not set, and the application does not start without\n",
    )  # fmt: skip


def test_a_variable_and_its_file_are_one_too_many(contract: Container) -> None:
    status, said = contract.run(
        SECRET_KEY="hush", SECRET_KEY_FILE="/nowhere", DATABASE_URL="a", DATABASE_URL_FILE="b", MODE="fast"
    )
    assert status == 2
    assert said == (
        "lading: SECRET_KEY and SECRET_KEY_FILE are both set: one of them is enough; "
        "DATABASE_URL and DATABASE_URL_FILE are both set: one of them is enough\n"
    )


@pytest.mark.parametrize(
    ("data", "why"), [(b"x" * 200_000, "Argument list too long"), (b"a\0b", "embedded null byte")], ids=["long", "null"]
)
def test_a_file_that_no_environment_holds_is_said(contract: Container, data: bytes, why: str) -> None:
    status, said = contract.run(SECRET_KEY_FILE=held(contract, data))
    assert (status, said) == (2, f"lading: /venv/bin/python cannot be started: {why}\n")


# ── nobody else sees them ────────────────────────────────────────────────────────────────────────────────────────────


def command_lines() -> bytes:
    """Of every process of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue
    return b"\n".join(found)


def test_no_secret_is_in_a_log_or_a_command_line(container: Container) -> None:
    secret = uuid.uuid4().hex
    broker = Backing(kind="redis", role="broker", variable="BROKER_URL")
    programs = tuple(Program(name=kind, kind=kind, role="worker", target="jobs:app", broker="BROKER_URL")
                     for kind in ("celery", "rq"))  # fmt: skip
    container.install(
        replace(PLAN, variables=(KEY, Variable(name="BROKER_URL", secret=True)), backing=(broker,), programs=programs)
    )
    with Server(b"-LOADING Redis is loading the dataset in memory\r\n") as redis:
        env = {
            "SECRET_KEY_FILE": held(container, secret.encode()),
            "BROKER_URL": f"redis://me:{secret}@127.0.0.1:{redis.port}/0",
            "THEN": WAITS,
        }
        for arguments in (("serve",), ("worker", "celery"), ("worker", "rq")):
            process = container.start(*arguments, first=False, LADING_WAIT_SECONDS="30", **env)
            redis.until_heard(2)  # by then it has told of the first answer
            assert secret.encode() not in command_lines()
            status, said = ended(process, signal.SIGTERM)
            assert (status, secret in said) == (128 + signal.SIGTERM, False)
            assert f"127.0.0.1:{redis.port} (BROKER_URL) does not answer: LOADING" in said
            redis.heard.clear()
    process = container.start("serve", first=False, LADING_WAIT_SECONDS="0", **env)
    container.until_called(process)
    assert secret.encode() in Path(f"/proc/{process.pid}/environ").read_bytes()  # or this test proves nothing
    assert secret.encode() not in command_lines()
    assert secret not in ended(process, signal.SIGKILL)[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"PORT": "x"},
        {"SECRET_KEY_FILE": "/nowhere"},
        {"LADING_WAIT_SECONDS": "0.3"},
        {"LADING_WAIT_SECONDS": "0.3", "LOG_FORMAT": "json"},
        {"WEB_CONCURRENCY": "x"},
    ],
    ids=str,
)
def test_no_sentence_says_a_secret(container: Container, wrong: dict[str, str]) -> None:
    database = Backing(kind="postgresql", role="database", variable="DATABASE_URL", driver="psycopg")
    pin = Variable(name="PIN", type="int", secret=True)
    choice = Variable(name="CHOICE", type="enum", allowed=("a", "b"), secret=True)
    container.install(replace(PLAN, variables=(KEY, URL, pin, choice), backing=(database,)))
    url = "postgresql://me:s3cr3t-url@127.0.0.1:1/x"
    env = {"SECRET_KEY": "s3cr3t-key", "DATABASE_URL": url}
    if "LADING_WAIT_SECONDS" not in wrong:
        env |= {"PIN": "s3cr3t-pin", "CHOICE": "s3cr3t-choice"}
    status, said = container.run(**env, **wrong)
    assert status in {2, 3}
    assert "s3cr3t" not in said

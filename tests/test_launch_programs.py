"""The command lines of workers and schedulers, and the address that they are given."""

from dataclasses import replace

import pytest
from values import PLAN

from lading.launch import commands, decisions
from lading.launcher import addresses, pong
from lading.model import Program

RABBIT = {"kind": "amqp", "variable": None, "default": {},
          "parts": {"host": "MQ_HOST", "port": "MQ_PORT", "user": "MQ_USER", "password": "MQ_PASS"}}  # fmt: skip


def line(kind: str, *arguments: str, role: str = "worker", stop: int = 10) -> str:
    one = Program(name="mail", kind=kind, role="scheduler" if role == "scheduler" else "worker", target="jobs:x",
                  arguments=arguments)  # fmt: skip
    return " ".join(commands.program(one, replace(PLAN, stop_seconds=stop)))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (line("dramatiq"), "-m dramatiq jobs:x --processes {count} --threads 8 --worker-shutdown-timeout 7000"),
        (line("dramatiq", stop=60).split()[-1], "57000"),
        (line("dramatiq", stop=1).split()[-1], "1000"),
        (line("taskiq"), "-m taskiq worker jobs:x --workers {count} --wait-tasks-timeout 5 --shutdown-timeout 2"),
        (line("taskiq", role="scheduler"), "-m taskiq scheduler jobs:x"),
        (line("celery", "-c", "4"), "-m celery -A jobs:x worker --loglevel {plain} -c 4"),
        (line("faststream"), "-m faststream run jobs:x --workers {count}"),
        (
            line("celery", role="scheduler"),
            "-m celery -A jobs:x beat --loglevel {plain} --schedule /data/celerybeat-schedule --pidfile= "
            "--max-interval 2",
        ),
    ],
)
def test_the_command_line(found: str, expected: str) -> None:
    assert found == expected


def test_what_is_in_hand_ends_before_the_grace_does() -> None:
    assert '["job_completion_wait"] = 27;' in line("arq", stop=30)


def test_only_what_hurries_by_itself_is_not_killed_at_a_second_signal() -> None:
    kinds = ("celery", "dramatiq", "arq", "rq", "taskiq", "huey", "faststream")
    programs = tuple(Program(name=kind, kind=kind, role="worker", target="a") for kind in kinds)
    found = decisions(replace(PLAN, programs=programs))["programs"]
    assert [one["name"] for one in found if one["hurries"]] == ["dramatiq", "rq", "huey"]


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({"MQ_HOST": "mq"}, "amqp://mq:5672/"),
        ({"MQ_HOST": "mq", "MQ_PORT": "7", "MQ_USER": "me", "MQ_PASS": "p/@"}, "amqp://me:p%2F%40@mq:7/"),
        ({}, ""),
    ],
)
def test_a_url_is_put_together_of_its_parts(env: dict[str, str], url: str) -> None:
    assert addresses.url(RABBIT, env) == url


def test_a_url_that_is_given_stays_as_it_is() -> None:
    service = {**RABBIT, "variable": "MQ"}
    assert addresses.url(service, {"MQ": "amqps://a:b%2F@mq//"}) == "amqps://a:b%2F@mq//"


def test_a_program_is_asked_for_the_broker_that_is_its_own() -> None:
    cache, first, second = (
        {"role": role, "variable": name, "parts": dict[str, str]()}
        for role, name in (("cache", "CACHE"), ("broker", "A"), ("broker", "B"))
    )
    config = {"services": [cache, first, second]}
    assert addresses.broker_of({"broker": "B"}, config) is second
    assert addresses.broker_of({"broker": None}, config) is first
    assert addresses.broker_of({"broker": "CACHE"}, {"services": [cache]}) is None


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("", "celery@a.b.c"),
        ("-n w1", "celery@w1"),
        ("-n w1@%h", "w1@a.b.c"),
        ("--hostname=w.%n@%d", "w.a@b.c"),
        ("-n w1@", "w1@a.b.c"),
        ("--hostname @x", "celery@x"),
        ("-l info -n", "celery@a.b.c"),
    ],
)
def test_a_celery_worker_is_asked_by_the_name_that_its_command_gives_it(words: str, name: str) -> None:
    assert pong.named(["-m", "celery", "-A", "app", "worker", *words.split()], "a.b.c") == name


@pytest.mark.parametrize("words", [("--pool=solo",), ("--pool", "solo"), ("-P", "solo"), ("-Psolo",)])
def test_a_celery_worker_that_works_on_its_only_thread_is_not_asked_for_a_pong(words: tuple[str, ...]) -> None:
    one = Program(name="w", kind="celery", role="worker", target="app", arguments=words)
    assert commands.health(one) == "turns"
    assert commands.health(replace(one, arguments=("--pool", "prefork"))) == "celery"

"""Plan → the starts to try."""

from dataclasses import replace
from typing import Literal

import pytest
from host_python import PLAN

from lading.model import (
    Backing,
    Binding,
    Cors,
    Database,
    Dependencies,
    Migrations,
    Program,
    Request,
    Serving,
    Start,
    Variable,
)
from lading.observe import loopback, scenarios
from lading.plan import services

HERE = ("127.0.0.1", 8000)


def test_a_plan_with_sqlite_is_started_in_every_way() -> None:
    assert scenarios.starts(PLAN) == (
        Start(name="defaults", connect=HERE, samples=50, origins=("https://lading.example",)),
        Start(
            name="database",
            environment={"DATABASE_URL": "sqlite:////data/lading-probe.db"},
            connect=HERE,
            mount="bind",
            twice=True,
        ),
        Start(name="tmpfs", connect=HERE, mount="tmpfs", stall=True),
        Start(
            name="port",
            environment={"PORT": "9000", "LOG_LEVEL": "WARNING"},
            reuse="defaults",
            connect=("127.0.0.1", 9000),
            refused=(HERE,),
        ),
        Start(
            name="host",
            environment={"HOST": "127.0.0.2", "LOG_LEVEL": "debug"},
            reuse="defaults",
            connect=("127.0.0.2", 8000),
            refused=(HERE,),
        ),
    )


def test_the_names_and_defaults_are_the_plans_own() -> None:
    plan = replace(
        PLAN,
        volume="/var/lib/rows",
        host=Binding(variable="ROWS_HOST", default="0.0.0.0"),
        port=Binding(variable="ROWS_PORT", default="9000"),
        database=Database(dialect="sqlite", variable="ROWS_URL", url="sqlite+aiosqlite:///./rows.db"),
    )
    found = {start.name: (start.environment, start.connect) for start in scenarios.starts(plan)}
    assert found["defaults"] == ({}, ("127.0.0.1", 9000))
    assert found["port"] == ({"ROWS_PORT": "9001", "LOG_LEVEL": "WARNING"}, ("127.0.0.1", 9001))
    assert found["host"] == ({"ROWS_HOST": "127.0.0.2", "LOG_LEVEL": "debug"}, ("127.0.0.2", 9000))
    url = "sqlite+aiosqlite:////var/lib/rows/lading-probe.db"
    assert found["database"] == ({"ROWS_URL": url}, ("127.0.0.1", 9000))


@pytest.mark.parametrize(
    ("written", "value"),
    [("json", '["https://lading.example"]'), ("comma", "https://lading.example"), ("one", "https://lading.example")],
)
def test_one_start_names_an_origin_as_the_code_takes_it_and_is_asked_as_two(
    written: Literal["json", "comma", "one"], value: str
) -> None:
    plan = replace(PLAN, server=Serving(cors=Cors(variable="ORIGINS", written=written)))
    found = {start.name: start for start in scenarios.starts(plan)}
    assert found["host"].environment["ORIGINS"] == value
    assert found["host"].origins == ("https://lading.example", "https://stranger.example")
    assert [name for name, start in found.items() if "ORIGINS" in start.environment] == ["host"]


@pytest.mark.parametrize("variable", ["ROWS_HOST", "ROWS_PORT", "ROWS_LEVEL", "CACHE_URL"])
def test_what_a_start_has_for_another_use_gets_no_origin(variable: str) -> None:
    plan = replace(
        PLAN,
        host=Binding(variable="ROWS_HOST", default="0.0.0.0"),
        port=Binding(variable="ROWS_PORT", default="8000"),
        log_level=Binding(variable="ROWS_LEVEL", default="info"),
        backing=(Backing(kind="redis", role="cache", variable="CACHE_URL"),),
    )
    cors = replace(plan, server=Serving(cors=Cors(variable=variable)))
    before = [(one.name, one.environment) for one in scenarios.starts(plan)]
    assert [(one.name, one.environment) for one in scenarios.starts(cors)] == before
    assert {one.name: one.origins for one in scenarios.starts(cors)}["host"] == ()


def test_a_variable_that_must_be_set_gets_one_all_the_same() -> None:
    variables = (Variable(name="ORIGINS", type="list", required=True),)
    plan = replace(PLAN, variables=variables, server=Serving(cors=Cors(variable="ORIGINS", written="json")))
    found = {one.name: one.environment["ORIGINS"] for one in scenarios.starts(plan)}
    assert (found["defaults"], found["host"]) == ("[]", '["https://lading.example"]')


def test_the_images_own_url_gives_the_driver() -> None:
    plan = replace(PLAN, env={"DATABASE_URL": "sqlite+pysqlite:////data/rows.db"})
    (start,) = [start for start in scenarios.starts(plan) if start.name == "database"]
    assert start.environment == {"DATABASE_URL": "sqlite+pysqlite:////data/lading-probe.db"}


def test_a_database_that_is_a_server_is_not_moved_to_a_file() -> None:
    for database in (None, Database(dialect="postgresql", variable="DATABASE_URL"), Database(dialect="sqlite")):
        names = [start.name for start in scenarios.starts(replace(PLAN, database=database))]
        assert names == ["defaults", "bind", "tmpfs", "port", "host"]


def test_what_must_be_set_gets_a_harmless_value_in_every_start() -> None:
    plan = replace(
        PLAN,
        env={"IN_IMAGE": "yes"},
        database=Database(dialect="postgresql", variable="DATABASE_URL"),
        variables=(
            Variable(name="SECRET_KEY", required=True, secret=True, least=32),
            Variable(name="SIGNING_KEY", required=True, secret=True, least=64),
            Variable(name="DATABASE_URL", required=True),
            Variable(name="API_URL", required=True),
            Variable(name="SMTP_PORT", required=True),
            Variable(name="IN_IMAGE", required=True),
            Variable(name="STAGE", required=True, type="enum", allowed=("dev", "prod")),
            Variable(name="ENV", required=True, default="prod", allowed=("dev",)),
            Variable(name="DEPTH", required=True, default="2"),
            Variable(name="WORKERS", required=True, type="int"),
            Variable(name="MODEL", required=True, example="./m.bin"),
            Variable(name="DEBUG", required=True, type="bool"),
            Variable(name="ORIGINS", required=True, type="list"),
            Variable(name="LOGIN", required=True, type="account", secret=True),
            Variable(name="OPTIONAL"),
            Variable(name="PORT", required=True),
        ),
    )
    given = {
        "SECRET_KEY": scenarios.GENERATED,
        "SIGNING_KEY": scenarios.GENERATED + "0" * (64 - len(scenarios.GENERATED)),
        "DATABASE_URL": "postgresql://lading:lading@127.0.0.1:1/lading",
        "API_URL": "http://127.0.0.1:1/",
        "SMTP_PORT": "1",
        "STAGE": "dev",
        "ENV": "dev",
        "DEPTH": "2",
        "WORKERS": "1",
        "MODEL": "./m.bin",
        "DEBUG": "false",
        "ORIGINS": "[]",
        "LOGIN": f"lading:{scenarios.GENERATED}",
        "PORT": "8000",
    }
    assert scenarios.generated(plan) == given
    told = {"PORT": "", "HOST": "", "LOG_LEVEL": ""}
    assert [{**start.environment, **told} for start in scenarios.starts(plan)] == [{**given, **told}] * 5


def test_on_the_machines_own_network_a_start_moves_to_a_port_that_is_free() -> None:
    taken = loopback.unused()
    import socket

    with socket.create_server(("127.0.0.1", taken)):
        asked = Start(
            name="port",
            environment={"PORT": str(taken)},
            connect=("127.0.0.1", taken),
            refused=(("127.0.0.1", taken), ("127.0.0.2", 1)),
        )
        made = loopback.start(PLAN, asked)
    port = made.connect[1]
    assert port != taken
    assert made == replace(
        asked,
        environment={"PORT": str(port), "HOST": "127.0.0.1"},
        connect=("127.0.0.1", port),
        refused=(("127.0.0.1", port), ("127.0.0.2", 1)),
    )


def test_nobody_waits_for_a_service_that_is_not_there() -> None:
    needed = Variable(name="DATABASE_URL", required=True)
    service = Backing(kind="postgresql", role="database", variable="DATABASE_URL")
    plan = replace(PLAN, database=None, variables=(needed,), backing=(service,), env={})
    assert scenarios.generated(plan)["LADING_WAIT_SECONDS"] == "1"
    given = replace(needed, default="postgresql://db/app", required=False)
    assert scenarios.generated(replace(plan, variables=(given,))) == {}


# ── with the project's own requests, services and programs ───────────────────────────────────────────────────────────

ADD = Request(method="POST", path="/rows", body="{}", status=201, keep={"row": "id"})
EDIT = Request(method="PUT", path="/rows/{row}", body="{}")
READ = Request(path="/rows/{row}", again=True)
ALEMBIC = Migrations(tool="alembic", config="alembic.ini", folder="alembic", heads=("0002",))


def test_the_projects_own_requests_are_put_to_every_start_on_an_empty_volume() -> None:
    starts = {start.name: start for start in scenarios.starts(PLAN, (ADD, EDIT, READ))}
    assert {name: len(start.requests) for name, start in starts.items()} == {
        "defaults": 3, "database": 3, "tmpfs": 3, "port": 1, "host": 0,
    }  # fmt: skip
    assert starts["port"].requests == (READ,)
    assert [name for name, start in starts.items() if start.drain] == ["database"]


def test_where_programs_have_a_part_in_them_they_are_put_to_the_start_that_has_them_beside() -> None:
    plan = replace(PLAN, programs=(Program(name="rq", kind="rq", role="worker", target="jobs"),))
    starts = {start.name: start for start in scenarios.starts(plan, (ADD, READ))}
    assert {name: start.beside for name, start in starts.items() if start.beside} == {"defaults": ("rq",)}
    assert {name for name, start in starts.items() if start.requests} == {"defaults", "port"}


@pytest.mark.parametrize(
    ("requests", "drained"),
    [
        ((READ, EDIT, ADD), ADD),
        ((READ, EDIT), EDIT),
        ((ADD, EDIT), ADD),
        ((READ,), None),
        ((Request(path="/rows", file="row.csv"),), Request(path="/rows", file="row.csv")),
        ((Request(path="/rows", form={"a": "{row}"}), replace(READ, keep={"row": "id"})), None),
    ],
    ids=["needs nothing kept", "of an unknown name", "first", "no body", "a file", "needs what is kept later"],
)
def test_what_is_in_flight_at_sigterm_has_a_body_and_needs_nothing_that_was_kept(
    requests: tuple[Request, ...], drained: Request | None
) -> None:
    assert scenarios.drained(requests) == drained


SEND = Request(method="POST", path="/rows/{row}/work")
WAIT = Request(path="/rows/{row}", until=9)
LOGIN = Request(method="POST", path="/login", keep={"token": "token"})
NOW = Request(path="/now", keep={"now": "now"})
MINE = Request(path="/rows/{row}", headers={"X-Token": "{token}"}, until=9)


@pytest.mark.parametrize(
    ("requests", "handed"),
    [
        ((ADD, WAIT), (ADD, WAIT)),
        ((LOGIN, ADD, READ, SEND, MINE, WAIT), (ADD, SEND, MINE)),
        ((ADD, LOGIN, MINE), (ADD, LOGIN, MINE)),
        ((ADD, NOW, WAIT), (ADD, NOW, WAIT)),
        ((ADD, replace(READ, contains=("{row}",), path="/rows", until=9)),) * 2,
        ((ADD, Request(path="/count", until=9), WAIT), (ADD, WAIT)),
        ((ADD, Request(path="/count", until=9)), ()),
        ((Request(path="/rows", keep={"row": "0"}), WAIT), ()),
        ((ADD, READ), ()),
    ],
    ids=["a pair", "in steps", "who asks is not what for", "with what they keep", "by its answer",
         "the first that can be followed", "all alike", "nothing is changed", "nobody waits"],
)  # fmt: skip
def test_what_is_handed_over_begins_with_what_a_request_that_waits_knows_it_by(
    requests: tuple[Request, ...], handed: tuple[Request, ...]
) -> None:
    assert scenarios.handed(requests) == handed
    worker = Program(name="rq", kind="rq", role="worker", target="jobs")
    for programs, wanted in (((worker,), handed), ((replace(worker, role="scheduler"),), ())):
        starts = scenarios.starts(replace(PLAN, programs=programs), requests)
        assert [start.handover for start in starts if start.name == "defaults"] == [wanted]


def test_a_database_is_also_said_to_be_where_no_migration_leads_from() -> None:
    plan = replace(PLAN, migrations=ALEMBIC, env={"DATABASE_URL": "sqlite:////data/rows.db"})
    newer = scenarios.starts(plan)[-1]
    assert newer == Start(name="newer", connect=HERE, stamp=scenarios.UNKNOWN)
    before = scenarios.spoiled(plan, newer)
    assert before is not None
    assert (before.name, before.command[:4]) == ("newer-before", ("run", "--", "python", "-c"))
    assert before.command[-3:] == ("/data/rows.db", scenarios.UNKNOWN, "alembic_version")
    relative = replace(plan, env={"DATABASE_URL": "sqlite:///rows.db"})
    assert scenarios.spoiled(relative, newer) is None
    assert "newer" not in {start.name for start in scenarios.starts(PLAN)}


def test_replicas_are_started_where_the_database_is_a_server_that_is_migrated() -> None:
    service = Backing(kind="postgresql", role="database", variable="DATABASE_URL")
    plan = replace(PLAN, migrations=ALEMBIC, backing=(service,))
    assert [start.name for start in scenarios.replicas(plan)] == [f"replica-{number}" for number in (1, 2, 3, 4)]
    assert scenarios.replicas(replace(plan, migrations=None)) == ()
    assert scenarios.replicas(replace(plan, backing=())) == ()


@pytest.mark.parametrize(
    ("declared", "is_async", "driver"),
    [
        (("psycopg[binary]>=3",), False, "psycopg"),
        (("psycopg[binary]>=3",), True, "psycopg"),
        (("asyncpg",), True, "asyncpg"),
        (("asyncpg",), False, None),
        (("psycopg2-binary==2.9",), False, "psycopg2"),
        (("psycopg2-binary==2.9",), True, None),
        (("aiosqlite",), True, None),
    ],
)
def test_a_variable_switches_to_postgresql_where_a_driver_of_the_right_kind_is_declared(
    declared: tuple[str, ...], is_async: bool, driver: str | None
) -> None:
    needs = Dependencies(manager="requirements", files=(), requirements=declared, locked=False)
    plan = replace(
        PLAN, dependencies=needs, database=Database(dialect="sqlite", variable="DATABASE_URL", is_async=is_async)
    )
    found = services.switch(plan)
    assert (found and found.driver) == driver
    assert ("postgresql" in {start.name for start in scenarios.starts(plan)}) == (driver is not None)

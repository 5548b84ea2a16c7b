"""Plan → the starts to try."""

from dataclasses import replace

from host_python import PLAN

from lading.model import Backing, Binding, Database, Start, Variable
from lading.observe import loopback, scenarios

HERE = ("127.0.0.1", 8000)


def test_a_plan_with_sqlite_is_started_in_every_way() -> None:
    assert scenarios.starts(PLAN) == (
        Start(name="defaults", connect=HERE, samples=50),
        Start(
            name="database",
            environment={"DATABASE_URL": "sqlite:////data/lading-probe.db"},
            connect=HERE,
            mount="bind",
        ),
        Start(name="tmpfs", connect=HERE, mount="tmpfs", stall=True),
        Start(
            name="port",
            environment={"PORT": "9000"},
            reuse="defaults",
            connect=("127.0.0.1", 9000),
            refused=(HERE,),
        ),
        Start(
            name="host",
            environment={"HOST": "127.0.0.2"},
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
    assert found["port"] == ({"ROWS_PORT": "9001"}, ("127.0.0.1", 9001))
    assert found["host"] == ({"ROWS_HOST": "127.0.0.2"}, ("127.0.0.2", 9000))
    url = "sqlite+aiosqlite:////var/lib/rows/lading-probe.db"
    assert found["database"] == ({"ROWS_URL": url}, ("127.0.0.1", 9000))


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
        "PORT": "8000",
    }
    assert scenarios.generated(plan) == given
    assert [{**start.environment, "PORT": "", "HOST": ""} for start in scenarios.starts(plan)] == [
        {**given, "PORT": "", "HOST": ""}
    ] * 5


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

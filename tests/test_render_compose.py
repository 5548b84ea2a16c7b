"""The plan → the two compose files and the secret files of the stack."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from values import PROJECT

from lading import launch, plan, render, settings
from lading.model import Backing, Database, Dependencies, Plan, Program, Variable
from lading.render import compose, override, secrets, stores
from lading.render.yaml import Anchor, Flow
from lading.source import Memory

PLAN = plan.make(PROJECT, settings.load(Memory({}), {}, {}))
POSTGRES = Backing(kind="postgresql", role="database", variable="DATABASE_URL", driver="asyncpg")
REDIS = Backing(kind="redis", role="cache", variable="REDIS_URL", default={"scheme": "redis", "database": "2"})
RABBITMQ = Backing(kind="amqp", role="broker", variable="BROKER_URL")
WORKER = Program(name="dramatiq", kind="dramatiq", role="worker", target="app.tasks", broker="BROKER_URL")
FULL = replace(
    PLAN,
    backing=(POSTGRES, REDIS, RABBITMQ),
    programs=(WORKER,),
    database=Database(dialect="postgresql", variable="DATABASE_URL", driver="asyncpg", pool=5),
    variables=(
        Variable(name="DATABASE_URL", required=True),
        Variable(name="REDIS_URL"),
        Variable(name="BROKER_URL"),
        Variable(name="SECRET_KEY", required=True, secret=True),
        Variable(name="STRIPE_SECRET_KEY", required=True, secret=True),
        Variable(name="PAGE_SIZE", default="50"),
        Variable(name="HOST", default="0.0.0.0"),
        Variable(name="PORT", default="8000"),
    ),
    env={name: value for name, value in PLAN.env.items() if name != "DATABASE_URL"},
)


def services(plan: Plan) -> dict[str, Any]:
    """The services by name, without comments and blank lines."""
    found: dict[str, Any] = clean(compose.document(plan))
    return dict(found["services"])


def clean(value: Any) -> Any:
    match value:
        case {}:
            return {key: clean(one) for key, one in value.items() if key.strip() and not key.startswith("#")}
        case Anchor(value=held):
            return clean(held)
        case Flow(items):
            return list(items)
        case list():
            return [clean(one) for one in value]
        case _:
            return value


def app(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = clean(compose.document(plan)["x-app"])
    return found


def test_a_stack_has_the_server_its_workers_and_what_they_need() -> None:
    assert list(services(FULL)) == ["api", "worker", "postgres", "redis", "rabbitmq"]
    assert list(services(PLAN)) == ["api"]
    assert app(FULL)["depends_on"] == {
        name: {"condition": "service_healthy"} for name in ("postgres", "redis", "rabbitmq")
    }


def test_only_the_server_is_published_and_only_to_this_machine() -> None:
    published = {name: one["ports"] for name, one in services(FULL).items() if "ports" in one}
    assert published == {"api": ["${PUBLISH:-127.0.0.1:8000}:8000"]}


def test_every_container_is_hardened_limited_and_watched() -> None:
    hardened = clean(compose.document(FULL)["x-hardened"])
    assert (hardened["read_only"], hardened["cap_drop"], hardened["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    for name, one in services(FULL).items():
        assert one["<<"].name in {"hardened", "app"}, name
        assert {"mem_limit", "stop_grace_period", "healthcheck"} <= set(one), name
        assert "restart" not in one
    assert compose.document(FULL)["x-app"].value["<<"].name == "hardened"
    assert {"pids_limit", "cpus", "restart", "networks", "logging"} <= set(hardened)


def test_the_grace_is_the_plans_and_the_check_the_images() -> None:
    api = services(replace(FULL, stop_seconds=25))["api"]
    assert api["stop_grace_period"] == "25s"
    assert api["healthcheck"]["test"] == launch.config(FULL)["Healthcheck"]["Test"]


def test_no_password_is_in_a_tracked_file() -> None:
    told = "\n".join(render.files(FULL).values())
    assert re.findall(r"://\w*:[^@\s]+@", told) == []
    assert "POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password" in told
    assert "RABBITMQ_DEFAULT_PASS:" not in told


def test_the_application_gets_files_for_secrets_and_the_rest_from_the_environment() -> None:
    assert app(FULL)["environment"] == {
        "SECRET_KEY_FILE": "/run/secrets/secret_key",
        "DATABASE_URL_FILE": "/run/secrets/database_url",
        "REDIS_URL_FILE": "/run/secrets/redis_url",
        "BROKER_URL_FILE": "/run/secrets/broker_url",
        "STRIPE_SECRET_KEY": "${STRIPE_SECRET_KEY:?say it in .env}",
        "PAGE_SIZE": None,
        "WEB_CONCURRENCY": None,
        "LADING_MIGRATE": None,
        "LADING_WAIT_SECONDS": None,
        "LADING_HEALTH_TIMEOUT": None,
        "LOG_FORMAT": None,
    }


def test_what_the_image_sets_keeps_its_value() -> None:
    changed = replace(PLAN, env={**PLAN.env, "DATABASE_URL": "sqlite:////data/$a.db"})
    assert app(changed)["environment"]["DATABASE_URL"] == "${DATABASE_URL:-sqlite:////data/$$a.db}"


def test_the_parts_of_an_address_are_set_where_there_is_no_url() -> None:
    parts = {"host": "DB_HOST", "port": "DB_PORT", "user": "DB_USER", "password": "DB_PASSWORD", "database": "DB_NAME"}
    one = Backing(kind="postgresql", role="database", parts=parts)
    made = replace(PLAN, backing=(one,), variables=tuple(Variable(name=name) for name in parts.values()), env={})
    assert {name: text for name, text in app(made)["environment"].items() if name.startswith("DB_")} == {
        "DB_PASSWORD_FILE": "/run/secrets/postgres_password",
        "DB_HOST": "postgres",
        "DB_PORT": "5432",
        "DB_USER": "app",
        "DB_NAME": "app",
    }


@pytest.mark.parametrize(
    ("kind", "account", "server"),
    [
        ("postgresql", "app:{postgres_password}", {"postgres_password": "{postgres_password}"}),
        ("redis", "default:{redis_password}", {"redis.conf": "requirepass {redis_password}\n"}),
        ("amqp", "app:{rabbitmq_password}",
         {"rabbitmq.conf": "default_user = app\ndefault_pass = {rabbitmq_password}\n"}),
    ],
)  # fmt: skip
def test_a_password_and_a_user_with_one_are_files_of_their_own(
    kind: str, account: str, server: Mapping[str, str]
) -> None:
    together = Backing(kind=kind, role="database", parts={"host": "X_HOST", "credentials": "X_LOGIN"})
    apart = replace(together, parts={"host": "X_HOST", "user": "X_USER", "password": "X_WORD"})
    made = replace(PLAN, backing=(together,), variables=(Variable(name="X_LOGIN", required=True),), env={})
    assert app(made)["environment"]["X_LOGIN_FILE"] == "/run/secrets/x_login"
    assert app(made)["secrets"] == ["x_login"]
    assert secrets.templates(made) == {**server, "x_login": account}
    texts = secrets.missing(made, {}, lambda: "0123")
    assert texts[".secrets/x_login"] == account.partition(":")[0] + ":0123"
    made = replace(made, backing=(apart,))
    word = account.partition(":")[2]
    assert app(made)["environment"]["X_USER"] == account.partition(":")[0]
    assert app(made)["environment"]["X_WORD_FILE"] == f"/run/secrets/{word[1:-1]}"
    assert secrets.templates(made) == {**server, word[1:-1]: word}


def test_redis_has_no_password_where_the_code_has_none_to_give() -> None:
    bare = Backing(kind="redis", role="cache", parts={"host": "CACHE_HOST", "port": "CACHE_PORT"})
    held = replace(bare, parts={"host": "Q_HOST", "password": "Q_PASS"})
    made = replace(FULL, backing=(bare, REDIS, held))
    redis = services(made)["redis"]
    assert "secrets" not in redis
    assert redis["command"] == ["redis-server", "--appendonly", "yes"]
    assert redis["healthcheck"]["test"] == ["CMD-SHELL", "redis-cli ping | grep -q PONG"]
    assert secrets.templates(made) == {"redis_url": "redis://redis:6379/2", "secret_key": "{secret_key}"}
    assert "Q_PASS_FILE" not in app(made)["environment"]
    closed = replace(FULL, backing=(REDIS, held))
    assert services(closed)["redis"]["secrets"] == ["redis.conf"]
    assert secrets.templates(closed)["redis_url"] == "redis://:{redis_password}@redis:6379/2"


def test_schedulers_and_several_workers_have_names_of_their_own() -> None:
    celery = Program(name="celery", kind="celery", role="worker", target="app.tasks:celery")
    beat = replace(celery, role="scheduler")
    assert list(services(replace(FULL, programs=(WORKER, celery, beat))))[1:4] == [
        "worker-dramatiq",
        "worker-celery",
        "scheduler",
    ]
    assert services(replace(FULL, programs=(beat,)))["scheduler"]["command"] == ["scheduler", "celery"]


def test_a_file_by_default_needs_no_server() -> None:
    one = replace(POSTGRES, default={"scheme": "sqlite", "database": "x.db"})
    assert stores.stores(replace(PLAN, backing=(one,))) == ()


def test_postgresql_takes_as_many_connections_as_the_pools_open() -> None:
    assert "command" not in services(FULL)["postgres"]
    pool = replace(FULL, database=Database(dialect="postgresql", pool=30), server=replace(FULL.server, workers=4))
    assert services(pool)["postgres"]["command"] == ["postgres", "-c", "max_connections=260"]


@pytest.mark.parametrize(
    ("kind", "name", "image"),
    [
        ("postgresql", "postgres", "postgres:16"),
        ("mysql", "mariadb", "mariadb:11"),
        ("mongodb", "mongo", "mongo:7"),
        ("redis", "redis", "redis:7"),
        ("amqp", "rabbitmq", "rabbitmq:4"),
    ],
)
def test_each_kind_of_service_has_an_image(kind: str, name: str, image: str) -> None:
    (store,) = stores.stores(replace(PLAN, backing=(Backing(kind=kind, role="cache", variable="URL"),)))
    assert (store.name, store.image) == (name, image)


def test_mongo_is_asked_where_it_answers_only_once_it_is_set_up() -> None:
    one = Backing(kind="mongodb", role="database", variable="MONGO_URL")
    mongo = services(replace(PLAN, backing=(one,)))["mongo"]
    asked = mongo["healthcheck"]["test"]
    assert asked[asked.index("--host") + 1] == mongo["hostname"] == "mongo"
    assert mongo["tmpfs"] == ["/tmp", "/data/configdb"]
    assert mongo["mem_limit"] == "1g"


def test_mysql_is_asked_where_it_answers_only_once_it_is_set_up() -> None:
    one = Backing(kind="mysql", role="database", variable="DATABASE_URL", driver="mysqlconnector")
    mysql = services(replace(PLAN, backing=(one,)))["mysql"]
    assert mysql["image"] == "mysql:8.4"
    assert mysql["healthcheck"]["test"] == ["CMD", "mysqladmin", "ping", "-h", "127.0.0.1", "--silent"]
    assert {name.partition("_")[0] for name in mysql["environment"]} == {"MYSQL"}
    assert mysql["mem_limit"] == "1g"


def test_a_service_without_an_image_of_ours_is_asked_for() -> None:
    kafka = Backing(kind="kafka", role="broker", variable="KAFKA_URL")
    made = replace(PLAN, backing=(kafka,), variables=(Variable(name="KAFKA_URL", required=True),))
    assert stores.stores(made) == ()
    assert app(made)["environment"]["KAFKA_URL"] == "${KAFKA_URL:?say it in .env}"


def test_development_mounts_the_source_and_publishes_to_this_machine() -> None:
    found = clean(override._services(FULL))
    assert found["api"]["build"] == {"target": "dev"}
    assert found["api"]["volumes"] == found["worker"]["volumes"] == [".:/app"]
    ports = [port for one in found.values() for port in one.get("ports", ())]
    assert ports == [
        "${PUBLISH_DEBUGGER:-127.0.0.1:5678}:5678",
        "${PUBLISH_POSTGRES:-127.0.0.1:5432}:5432",
        "${PUBLISH_REDIS:-127.0.0.1:6379}:6379",
        "${PUBLISH_RABBITMQ:-127.0.0.1:5672}:5672",
        "${PUBLISH_RABBITMQ_UI:-127.0.0.1:15672}:15672",
    ]


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def made(plan: Plan, there: Mapping[str, str | None] | None = None) -> dict[str, str]:
    numbers = count(1)
    return secrets.missing(plan, there or {}, lambda: f"random{next(numbers)}")


def test_the_secret_files() -> None:
    assert made(FULL) == {
        ".secrets/.gitignore": "*\n",
        ".secrets/postgres_password": "random1",
        ".secrets/database_url": "postgresql+asyncpg://app:random1@postgres:5432/app",
        ".secrets/redis.conf": "requirepass random2\n",
        ".secrets/redis_url": "redis://:random2@redis:6379/2",
        ".secrets/rabbitmq.conf": "default_user = app\ndefault_pass = random3\n",
        ".secrets/broker_url": "amqp://app:random3@rabbitmq:5672/",
        ".secrets/secret_key": "random4",
    }
    assert made(replace(PLAN, variables=())) == {}


def test_what_is_there_stays_and_its_password_holds_for_the_rest() -> None:
    there = {".secrets/.gitignore": "*\n", ".secrets/database_url": "postgresql+asyncpg://app:mine@postgres:5432/app\n"}
    found = made(FULL, there)
    assert found[".secrets/postgres_password"] == "mine"
    assert not {*there} & {*found}
    assert made(FULL, dict(made(FULL))) == {}


@pytest.mark.parametrize(
    ("change", "requirements", "scheme"),
    [
        ({}, ("sqlalchemy[asyncio]>=2",), "postgresql+asyncpg"),
        ({"driver": None}, ("SQLAlchemy==2.0",), "postgresql"),
        ({}, ("asyncpg",), "postgresql"),
        ({"plain": True}, ("asyncpg", "sqlalchemy"), "postgresql"),  # which only its migrations use
        ({}, ("tortoise-orm[asyncpg]",), "postgres"),
        ({"default": {"scheme": "postgresql+psycopg2"}}, ("sqlalchemy",), "postgresql+psycopg2"),
        ({"kind": "mysql", "driver": "aiomysql"}, ("sqlalchemy",), "mysql+aiomysql"),
        ({"kind": "redis", "default": {"scheme": "rediss"}}, (), "redis"),
        ({"kind": "amqp", "default": {"scheme": "pyamqp"}}, (), "pyamqp"),
    ],
)
def test_a_url_is_spelled_as_the_application_takes_it(
    change: Mapping[str, Any], requirements: tuple[str, ...], scheme: str
) -> None:
    dependencies = Dependencies(manager="requirements", files=("r.txt",), requirements=requirements, locked=False)
    one = replace(POSTGRES, **change)
    changed = replace(PLAN, backing=(one,), dependencies=dependencies)
    assert secrets.templates(changed)["database_url"].partition("://")[0] == scheme


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("SECRET_KEY", True),
        ("JWT_SECRET", True),
        ("SESSION_SECRET_KEY", True),
        ("NOTES_SECRET_KEY", True),  # the prefix of this project
        ("STRIPE_SECRET_KEY", False),
        ("AWS_SECRET_ACCESS_KEY", False),
        ("OPENAI_API_KEY", False),
        ("GOOGLE_CLIENT_SECRET", False),
    ],
)
def test_only_a_secret_of_the_projects_own_is_made_up(name: str, ours: bool) -> None:
    variable = Variable(name=name, required=True, secret=True)
    changed = replace(PLAN, variables=(variable,), port=replace(PLAN.port, variable="NOTES_PORT"))
    assert (name.lower() in secrets.templates(changed)) is ours
    assert (f"{name}_FILE" in app(changed)["environment"]) is ours

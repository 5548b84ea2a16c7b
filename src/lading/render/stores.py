"""A plan's backing services → the containers of official images that the compose files start for them.

The users are numbers: an entrypoint that starts as root and becomes another cannot do so without capabilities. The
programs of the health checks are those of the images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from lading.model import Backing, Plan

#: The user, and the database, of the application.
ACCOUNT = "app"


#: What the password of each kind of service is called.
PASSWORDS: Mapping[str, str] = {
    "postgresql": "postgres_password", "mysql": "mysql_password", "mongodb": "mongo_password",
    "redis": "redis_password", "amqp": "rabbitmq_password",
}  # fmt: skip


def account(kind: str) -> str:
    """The user that the application is for a kind of service: a password alone is that of Redis's user `default`."""
    return "default" if kind == "redis" else ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A container of an official image: what the compose files say of it."""

    name: str  # of the service, and of its host
    image: str
    port: int
    folder: str  # that the volume is mounted at
    check: tuple[str, ...]
    why: str = ""  # a comment
    user: str = "999:999"
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)  # name → path in the container; "" for the usual one
    tmpfs: tuple[str, ...] = ("/tmp",)  # noqa: S108 - of the container
    hostname: str = ""
    memory: str = "512m"
    interval: int = 5  # seconds between health checks
    start_period: int = 30
    grace: int = 30  # seconds from SIGTERM to SIGKILL
    more: tuple[tuple[str, int], ...] = ()  # other ports, for development: PUBLISH_… and the number
    develop: tuple[str, ...] = ()  # the command in development, where it is another
    develop_environment: Mapping[str, str] = field(default_factory=dict)


def stores(plan: Plan) -> tuple[Store, ...]:
    """The containers that `plan` needs beside its own, each once."""
    made = {store.name: store for one in plan.backing if (store := of(one, plan))}
    return tuple(made.values())


def of(backing: Backing, plan: Plan) -> Store | None:
    """The container of one backing service; None where the code's default is a file, or no image of it is known."""
    if backing.default.get("scheme", "").startswith("sqlite"):
        return None
    make = KINDS.get(backing.kind)
    return make(backing, plan) if make else None


def _postgres(_: Backing, plan: Plan) -> Store:
    wanted = connections(plan)
    return Store(
        name="postgres",
        image="postgres:16",
        port=5432,
        folder="/var/lib/postgresql/data",
        # 127.0.0.1, because while it sets itself up it answers on its Unix socket alone.
        check=("pg_isready", "-q", "-h", "127.0.0.1", "-U", ACCOUNT, "-d", ACCOUNT),
        # PostgreSQL's own default is 100, three of which are its superuser's.
        command=("postgres", "-c", f"max_connections={wanted + 20}") if wanted > 97 else (),
        environment={
            "POSTGRES_USER": ACCOUNT,
            "POSTGRES_DB": ACCOUNT,
            "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres_password",
        },
        secrets={"postgres_password": ""},
        tmpfs=("/tmp", "/run/postgresql"),  # noqa: S108
        grace=60,
    )


def _mysql(one: Backing, _: Plan) -> Store:
    # A URL of MySQL's scheme is for MariaDB, too; only what MariaDB's own names say is certain. Both serve either.
    said = f"{one.default.get('scheme', '')} {one.driver or ''}"
    mysql = "mysqlconnector" in said
    prefix = "MYSQL" if mysql else "MARIADB"
    return Store(
        name="mysql" if mysql else "mariadb",
        image="mysql:8.4" if mysql else "mariadb:11",
        port=3306,
        folder="/var/lib/mysql",
        # A refused login is an answer, too. Not the socket, which is there while it sets itself up.
        check=("mysqladmin", "ping", "-h", "127.0.0.1", "--silent")
        if mysql
        else ("healthcheck.sh", "--connect", "--innodb_initialized"),
        environment={
            f"{prefix}_USER": ACCOUNT,
            f"{prefix}_DATABASE": ACCOUNT,
            f"{prefix}_PASSWORD_FILE": "/run/secrets/mysql_password",
            f"{prefix}_RANDOM_ROOT_PASSWORD": "1",
        },
        secrets={"mysql_password": ""},
        tmpfs=("/tmp", "/run/mysqld"),  # noqa: S108
        memory="1g" if mysql else "512m",  # MySQL takes 400 MB for itself, before there is a row
        start_period=60,
        grace=60,
    )


def _mongo(_: Backing, __: Plan) -> Store:
    return Store(
        name="mongo",
        image="mongo:7",
        port=27017,
        folder="/data/db",
        # By its own name: while it sets itself up, it answers on 127.0.0.1 alone, and there to everybody.
        check=("mongosh", "--quiet", "--host", "mongo", "--eval", "quit(db.runCommand({ping: 1}).ok ? 0 : 1)"),
        hostname="mongo",
        environment={
            "MONGO_INITDB_ROOT_USERNAME": ACCOUNT,
            "MONGO_INITDB_ROOT_PASSWORD_FILE": "/run/secrets/mongo_password",
            "HOME": "/tmp",  # noqa: S108 - the shell of the health check keeps a history
        },
        secrets={"mongo_password": ""},
        # The image has a volume for what only servers of a sharded cluster write: without this, each new container
        # would leave an unnamed one behind.
        tmpfs=("/tmp", "/data/configdb"),  # noqa: S108
        memory="1g",  # its cache is 256 MB at least, and the shell of each check takes 130
        interval=10,
        grace=60,
    )


def _asked_without(plan: Plan) -> bool:
    """Whether some code connects to Redis by a host and a port and has no password to give: with one, it is refused."""
    redis = (one for one in plan.backing if one.kind == "redis" and one.variable is None and one.parts)
    return any(not {"password", "credentials"} & one.parts.keys() for one in redis)


def _redis(_: Backing, plan: Plan) -> Store:
    made = Store(
        name="redis",
        image="redis:7",
        port=6379,
        folder="/data",
        # `-a` would put the password into the process list; without it, redis-cli takes an error for an answer.
        check=(
            "CMD-SHELL",
            "REDISCLI_AUTH=$$(sed -n 's/^requirepass //p' /run/secrets/redis.conf) redis-cli ping | grep -q PONG",
        ),
        why="# The configuration holds the password alone: on a command line it would be in the process list.",
        command=("redis-server", "/run/secrets/redis.conf", "--appendonly", "yes"),
        secrets={"redis.conf": ""},
        memory="256m",
    )
    if not _asked_without(plan):
        return made
    return replace(
        made,
        check=("CMD-SHELL", "redis-cli ping | grep -q PONG"),
        why="# Without a password, since the code gives it none. Only what stands in this file reaches it.",
        command=("redis-server", "--appendonly", "yes"),
        secrets={},
    )


def _rabbitmq(_: Backing, __: Plan) -> Store:
    return Store(
        name="rabbitmq",
        image="rabbitmq:4",
        port=5672,
        folder="/var/lib/rabbitmq",
        # Not `ping`, which answers before anybody may connect.
        check=("rabbitmq-diagnostics", "-q", "check_port_listener", "5672"),
        why="# The image refuses RABBITMQ_DEFAULT_PASS_FILE: the account stands in a configuration file.",
        secrets={"rabbitmq.conf": "/etc/rabbitmq/conf.d/90-account.conf"},
        # Its data belong to a node of this name: with another, the queues would be gone.
        hostname="rabbitmq",
        interval=10,  # each check starts a virtual machine of its own
        start_period=60,
        grace=60,
        more=(("PUBLISH_RABBITMQ_UI", 15672),),
        develop=("sh", "-c", "echo '[rabbitmq_management].' > /tmp/plugins && exec rabbitmq-server"),
        develop_environment={"RABBITMQ_ENABLED_PLUGINS_FILE": "/tmp/plugins"},  # noqa: S108
    )


KINDS: Mapping[str, Callable[[Backing, Plan], Store]] = {
    "postgresql": _postgres,
    "mysql": _mysql,
    "mongodb": _mongo,
    "redis": _redis,
    "amqp": _rabbitmq,
}


def connections(plan: Plan) -> int:
    """How many connections the processes of one stack hold at most: those of a pool, by the processes that have one."""
    pool = (plan.database.pool if plan.database else None) or 0
    served = plan.server.workers if isinstance(plan.server.workers, int) else 4
    return pool * (served + 4 * len(plan.programs))

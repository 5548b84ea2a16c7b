"""The images that compose files name, official or stand-ins: each answers, takes its variables and stops well."""

from dataclasses import replace
from pathlib import Path

import pytest
from containers import Container, asked, container, told, until, volume
from values import PLAN

from lading.errors import Outside
from lading.model import Backing
from lading.render import stores

pytestmark = pytest.mark.engine

HARD = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
STARTS = {
    "postgres:16": (("POSTGRES_PASSWORD=x",), "postgres"),
    "redis:7": ((), "redis-server"),
    "rabbitmq:4": ((), "beam.smp"),
    "mariadb:11": (("MARIADB_ROOT_PASSWORD=x",), "mariadbd"),
    "mysql:8.4": (("MYSQL_ROOT_PASSWORD=x",), "mysqld"),
    "mongo:7": (("MONGO_INITDB_ROOT_USERNAME=x", "MONGO_INITDB_ROOT_PASSWORD=x"), "mongod"),
}
READY = {
    "postgres:16": ("pg_isready", "-U", "postgres", "-h", "127.0.0.1"),
    "redis:7": ("redis-cli", "ping"),
    "rabbitmq:4": ("rabbitmq-diagnostics", "-q", "check_port_listener", "5672"),
    "mariadb:11": ("healthcheck.sh", "--connect", "--innodb_initialized"),
    "mysql:8.4": ("mysqladmin", "ping", "-h", "127.0.0.1", "--silent"),
    # In a container that nobody named, its name is its own, and not that of 127.0.0.1.
    "mongo:7": ("sh", "-c", "mongosh --quiet --host $(hostname) --eval 'quit(db.runCommand({ping: 1}).ok ? 0 : 1)'"),
}


def variables(*pairs: str) -> tuple[str, ...]:
    return tuple(part for pair in pairs for part in ("--env", pair))


def ready(image: str, made: Container) -> None:
    until(lambda: made.ask(*READY[image]))


def psql(made: Container, statement: str, *, user: str, database: str, password: str) -> str:
    at = ("-h", "127.0.0.1", "-p", made.port(5432), "-U", user, "-d", database)
    return asked("psql", "--no-psqlrc", "-At", *at, "-c", statement, PGPASSWORD=password)


def mariadb(made: Container, statement: str, *, user: str, database: str, password: str) -> str:
    at = ("-h", "127.0.0.1", "-P", made.port(3306), "-u", user, database)
    return asked("mariadb", "-N", "-B", *at, "-e", statement, MYSQL_PWD=password)


@pytest.mark.parametrize("image", STARTS)
@pytest.mark.parametrize("signal", ["SIGTERM", "the image's own"])
def test_the_server_is_the_first_process_not_root_and_stops_well(image: str, signal: str) -> None:
    pairs, server = STARTS[image]
    with container(image, options=variables(*pairs)) as made:
        ready(image, made)
        assert made.ask("cat", "/proc/1/comm") == server
        assert made.ask("stat", "--format", "%u", "/proc/1") == "999"
        if signal == "SIGTERM":
            made.docker("kill", "--signal", "TERM", made.identity)
        else:
            made.docker("stop", "--time", "10", made.identity)  # after that it is killed: 137
        assert made.wait(10) == 0


@pytest.mark.parametrize("image", STARTS)
def test_it_runs_as_a_user_without_capabilities_on_a_read_only_root(image: str) -> None:
    tmpfs = ("--tmpfs", "/run/postgresql:mode=1777", "--tmpfs", "/run/mysqld:mode=1777")
    with container(image, options=(*HARD, *tmpfs, "--user", "999:999", *variables(*STARTS[image][0]))) as made:
        ready(image, made)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("postgres:16", "POSTGRES_PASSWORD"),
        ("mariadb:11", "MARIADB_ROOT_PASSWORD"),
        ("mysql:8.4", "MYSQL_ROOT_PASSWORD"),
    ],
)
def test_a_new_database_without_a_password_does_not_start(image: str, message: str) -> None:
    with container(image) as made:
        assert made.wait(30) == 1
        assert message in made.log()


def test_postgres_takes_its_variables_and_scripts(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);")
    (tmp_path / "2.sh").write_text('psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO steps VALUES (2)"\n')
    program = tmp_path / "3.sh"
    program.write_text('#!/bin/sh\npsql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO steps VALUES (3)"\n')
    program.chmod(0o755)
    tmp_path.chmod(0o755)
    password = "p'a\"s s$"
    pairs = variables("POSTGRES_USER=app", f"POSTGRES_PASSWORD={password}", "POSTGRES_DB=my-app")
    mount = ("--volume", f"{tmp_path}:/docker-entrypoint-initdb.d:ro")
    with container("postgres:16", "-c", "max_connections=37", options=(*pairs, *mount)) as made:

        def query(statement: str, password: str = password) -> str:
            return psql(made, statement, user="app", database="my-app", password=password)

        assert until(lambda: query("SELECT string_agg(n::text, ',' ORDER BY n) FROM steps")) == "1,2,3"
        assert query("SHOW max_connections") == "37"
        assert query("SELECT rolsuper FROM pg_roles WHERE rolname = 'app'") == "t"
        with pytest.raises(Outside, match="password authentication failed"):
            query("SELECT 1", password="wrong")


@pytest.mark.parametrize("user", ["0:0", "999:999", "1234:1234"])
def test_postgres_keeps_its_volume_whoever_runs_it(user: str, tmp_path: Path) -> None:
    def query(made: Container, statement: str) -> str:
        return psql(made, statement, user="postgres", database="postgres", password="from-a-file")

    secret = tmp_path / "password"
    secret.write_text("from-a-file\n")
    pairs = variables("POSTGRES_PASSWORD_FILE=/password", "PGDATA=/var/lib/postgresql/data/pgdata")
    with volume() as name:
        options = ("--user", user, "--volume", f"{name}:/var/lib/postgresql/data")
        bind = ("--volume", f"{secret}:/password:ro")
        with container("postgres:16", options=(*options, *bind, *pairs)) as made:
            until(
                lambda: psql(made, "CREATE TABLE kept ()", user="postgres", database="postgres", password="from-a-file")
            )
            made.docker("stop", made.identity)
        with container("postgres:16", options=(*options, *pairs[2:])) as made:  # no password: nothing is new
            ready("postgres:16", made)
            assert (
                psql(made, r"SELECT count(*) FROM kept", user="postgres", database="postgres", password="from-a-file")
                == "0"
            )


def test_postgres_stops_a_client_that_works() -> None:
    with container("postgres:16", options=variables("POSTGRES_PASSWORD=x")) as made:
        ready("postgres:16", made)
        made.docker("exec", "--detach", made.identity, "psql", "-U", "postgres", "-c", "SELECT pg_sleep(60)")
        busy = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
        until(lambda: asked_for(psql(made, busy, user="postgres", database="postgres", password="x"), "1"))
        made.docker("stop", "--time", "10", made.identity)
        assert made.wait() == 0


def asked_for(found: str, wanted: str) -> None:
    if found != wanted:
        raise Outside(f"{found} and not {wanted}")


def redis(made: Container, *command: str, password: str = "") -> str:
    return asked("redis-cli", "-h", "127.0.0.1", "-p", made.port(6379), *command, REDISCLI_AUTH=password)


@pytest.mark.parametrize("command", [("redis-server", "--requirepass", "pass"), ("--requirepass", "pass")])
def test_redis_takes_a_password_and_keeps_its_volume(command: tuple[str, ...]) -> None:
    with volume() as name:
        start = (*command, "--appendonly", "yes")
        with container("redis:7", *start, options=("--volume", f"{name}:/data")) as made:
            assert until(lambda: redis(made, "SET", "key", "kept", password="pass")) == "OK"
            assert "NOAUTH" in redis(made, "GET", "key")
            made.docker("stop", made.identity)
        with container("redis:7", *start, options=("--volume", f"{name}:/data")) as made:
            assert until(lambda: redis(made, "GET", "key", password="pass")) == "kept"


def test_redis_without_a_password_answers_from_outside() -> None:
    with container("redis:7") as made:
        assert until(lambda: redis(made, "PING")) == "PONG"


def test_rabbitmq_takes_its_variables() -> None:
    pairs = variables("RABBITMQ_DEFAULT_USER=app", "RABBITMQ_DEFAULT_PASS=pw", "RABBITMQ_DEFAULT_VHOST=jobs")
    with container("rabbitmq:4", options=(*pairs, *variables("RABBITMQ_NODENAME=rabbit@localhost"))) as made:
        url = f"--url=amqp://app:pw@127.0.0.1:{made.port(5672)}/jobs"
        until(lambda: asked("amqp-declare-queue", url, "--queue=q"))
        asked("amqp-publish", url, "--routing-key=q", "--body=brought")
        assert asked("amqp-get", url, "--queue=q") == "brought"
        assert made.ask("rabbitmq-diagnostics", "-q", "ping") == "Ping succeeded"
        assert "rabbit@localhost" in made.ask("rabbitmq-diagnostics", "status")
        assert b"ACCESS_REFUSED" in told("amqp-get", url.replace("app:pw", "guest:guest"), "--queue=q").stderr


def test_rabbitmq_refuses_a_password_in_a_file_as_the_official_image_does() -> None:
    with container("rabbitmq:4", options=variables("RABBITMQ_DEFAULT_PASS_FILE=/run/secrets/x")) as made:
        assert made.wait(30) == 1
        assert "RABBITMQ_DEFAULT_PASS_FILE" in made.log()


@pytest.mark.parametrize("prefix", ["MARIADB", "MYSQL"])
def test_mariadb_takes_its_variables_and_scripts(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);")
    (tmp_path / "password").write_text("from-a-file\n")
    tmp_path.chmod(0o755)
    names = {"DATABASE": "my_app", "USER": "app", "PASSWORD": "p'a\\ss", "ROOT_PASSWORD_FILE": "/init/password"}
    pairs = variables(*(f"{prefix}_{name}={value}" for name, value in names.items()))
    mounts = ("--volume", f"{tmp_path}:/init:ro", "--volume", f"{tmp_path}/1.sql:/docker-entrypoint-initdb.d/1.sql:ro")
    with container("mariadb:11", "--max-connections=37", options=(*pairs, *mounts)) as made:

        def query(statement: str, user: str = "app", password: str = "p'a\\ss") -> str:
            return mariadb(made, statement, user=user, database="my_app", password=password)

        assert until(lambda: query("SELECT n FROM steps")) == "1"
        assert query("SELECT @@max_connections") == "37"
        assert query("SELECT 2", user="root", password="from-a-file") == "2"
        with pytest.raises(Outside, match="Access denied"):
            query("SELECT 1", password="wrong")
        with pytest.raises(Outside, match="Access denied"):
            query("CREATE DATABASE other")
        with pytest.raises(Outside, match="unknown test --no-such"):
            made.ask("healthcheck.sh", "--no-such")


KINDS = {"postgres": "postgresql", "mariadb": "mysql", "mysql": "mysql", "mongo": "mongodb"}


@pytest.mark.parametrize("name", KINDS)
def test_the_check_of_the_compose_files_fails_until_the_server_is_set_up(name: str, tmp_path: Path) -> None:
    """While a script of the user's runs, the server that sets itself up is there, and none that a client may use."""
    backing = Backing(kind=KINDS[name], role="database", driver="mysqlconnector" if name == "mysql" else None)
    (store,) = stores.stores(replace(PLAN, backing=(backing,)))
    script = tmp_path / "hold.sh"
    script.write_text("until [ -e /tmp/go ]; do sleep 0.2; done\n")
    mount = ("--volume", f"{script}:/docker-entrypoint-initdb.d/hold.sh:ro")
    nobody = container(store.image, "sleep", "600", options=("--hostname", store.name))
    with nobody as absent, pytest.raises(Outside):
        absent.ask(*store.check)
    pairs = variables(*STARTS[store.image][0])
    with container(store.image, options=(*pairs, *mount, "--hostname", store.name)) as made:
        until(lambda: asked_for("hold.sh" if "hold.sh" in made.log() else "nothing", "hold.sh"))
        if name == "mongo":  # whoever asks there is answered too early
            assert made.ask("mongosh", "--quiet", "--eval", "print(db.runCommand({ping: 1}).ok)") == "1"
        with pytest.raises(Outside):
            made.ask(*store.check)
        made.ask("touch", "/tmp/go")
        until(lambda: made.ask(*store.check))


def mysql(made: Container, statement: str, *, user: str, database: str, password: str) -> str:
    at = ("-h", "127.0.0.1", "-u", user, f"-p{password}", "-N", "-B", database)
    return made.ask("mysql", *at, "-e", statement)


def test_mysql_takes_its_variables_scripts_and_keeps_its_volume(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE steps (n int); INSERT INTO steps VALUES (1);")
    (tmp_path / "password").write_text("from-a-file\n")
    tmp_path.chmod(0o755)
    names = {"DATABASE": "my_app", "USER": "app", "PASSWORD": "p'a\\ss", "ROOT_PASSWORD_FILE": "/init/password"}
    pairs = variables(*(f"MYSQL_{name}={value}" for name, value in names.items()))
    mounts = ("--volume", f"{tmp_path}:/init:ro", "--volume", f"{tmp_path}/1.sql:/docker-entrypoint-initdb.d/1.sql:ro")

    def query(made: Container, statement: str, user: str = "app", password: str = "p'a\\ss") -> str:
        return mysql(made, statement, user=user, database="my_app", password=password)

    with volume() as name:
        data = ("--volume", f"{name}:/var/lib/mysql")
        with container("mysql:8.4", "--max-connections=37", options=(*pairs, *mounts, *data)) as made:
            assert until(lambda: query(made, "SELECT n FROM steps")) == "1"
            assert query(made, "SELECT @@max_connections") == "37"
            assert query(made, "SELECT 2", user="root", password="from-a-file") == "2"
            with pytest.raises(Outside, match="Access denied"):
                query(made, "SELECT 1", password="wrong")
            with pytest.raises(Outside, match="Access denied"):
                query(made, "CREATE DATABASE other")
            with pytest.raises(Outside):  # files go to /var/lib/mysql-files alone
                query(made, "SELECT 1 INTO OUTFILE '/tmp/x'", user="root", password="from-a-file")
            made.docker("stop", made.identity)
        with container("mysql:8.4", options=data) as made:  # no password: nothing is new
            assert until(lambda: query(made, "SELECT n FROM steps")) == "1"


def test_mysql_has_its_own_programs_and_variables_and_none_of_mariadbs() -> None:
    with container("mysql:8.4", "sleep", "60") as made:
        names = ("mysqld", "mysql", "mysqladmin", "mysqldump", "mariadbd", "mariadb", "mariadb-admin", "healthcheck.sh")
        found = made.ask("sh", "-c", f"for name in {' '.join(names)}; do command -v $name; done; true").split()
        assert [Path(path).name for path in found] == [*names[:4]]
    with container("mysql:8.4", options=variables("MARIADB_ROOT_PASSWORD=x")) as made:
        assert made.wait(30) == 1
    with container("mysql:8.4", options=variables("MYSQL_PASSWORD=x", "MYSQL_PASSWORD_FILE=/x")) as made:
        assert made.wait(30) == 1
        assert "both MYSQL_PASSWORD and MYSQL_PASSWORD_FILE are set" in made.log()


def mongo(made: Container, script: str, *, account: str = "", source: str = "admin") -> str:
    url = f"mongodb://{account}127.0.0.1:27017/my_app?authSource={source}"
    return made.ask("mongosh", "--quiet", url, "--eval", script)


def test_mongo_takes_its_variables_scripts_and_keeps_its_volume(tmp_path: Path) -> None:
    (tmp_path / "1.js").write_text("db.steps.insertOne({n: 1})")
    (tmp_path / "password").write_text("p'a\"s\n")
    tmp_path.chmod(0o755)
    known = "a p:p'a%22s@"
    names = ("INITDB_ROOT_USERNAME=a p", "INITDB_ROOT_PASSWORD_FILE=/init/password", "INITDB_DATABASE=my_app")
    pairs = variables(*(f"MONGO_{name}" for name in names))
    mounts = ("--volume", f"{tmp_path}:/init:ro", "--volume", f"{tmp_path}/1.js:/docker-entrypoint-initdb.d/1.js:ro")
    with volume() as name:
        data = ("--volume", f"{name}:/data/db")
        with container("mongo:7", options=(*pairs, *mounts, *data)) as made:
            ready("mongo:7", made)
            assert mongo(made, "db.steps.findOne({n: 1}).n", account=known) == "1"
            made.docker("stop", made.identity)
        with container("mongo:7", options=(*pairs, *mounts, *data)) as made:
            ready("mongo:7", made)
            assert mongo(made, "db.steps.countDocuments({})", account=known) == "1"


#: One shell for all: a start of it takes a second and a half. What is known is a user of `admin` alone.
WITHOUT = """
const code = ask => { try { const found = ask(); return found } catch (error) { return error.code } }
print('find ' + code(() => db.steps.find().toArray().length))
print('insert ' + code(() => db.steps.insertOne({}).acknowledged))
print('ping ' + code(() => db.runCommand({ping: 1}).ok))
for (const [account, source] of [['x:wrong@', 'admin'], ['y:x@', 'admin'], ['x:x@', 'my_app'], ['x:x@', 'admin']]) {
  const url = 'mongodb://' + account + '127.0.0.1/my_app?authSource=' + source
  print(account + ' ' + source + ' ' + code(() => connect(url).steps.countDocuments({})))
}
"""


def test_mongo_does_nothing_for_whom_it_does_not_know() -> None:
    with container("mongo:7", options=variables(*STARTS["mongo:7"][0])) as made:
        ready("mongo:7", made)
        assert mongo(made, WITHOUT).splitlines() == [
            "find 13", "insert 13", "ping 1", "x:wrong@ admin 18", "y:x@ admin 18", "x:x@ my_app 18", "x:x@ admin 0",
        ]  # fmt: skip


def test_mongo_wants_a_user_and_a_password_or_neither() -> None:
    with container("mongo:7", options=variables("MONGO_INITDB_ROOT_USERNAME=x")) as made:
        assert made.wait(30) == 1
        assert "MONGO_INITDB_ROOT_PASSWORD is missing" in made.log()
    with container("mongo:7") as made:
        ready("mongo:7", made)
        assert mongo(made, "db.steps.countDocuments({})") == "0"

"""What the launcher waits for, how long, and what it says meanwhile. The faults are those that real servers have."""

import re
import signal
import socket
import struct
import time
from dataclasses import replace
from typing import Literal

import pytest
from replicas import port
from standins import PLAN, Container, Server, ended

from lading.launch import LABELS
from lading.model import Backing, Database

pytestmark = pytest.mark.slow

Kind = Literal["postgresql", "mysql", "redis", "amqp", "mongodb", "nats", "kafka"]


def of_postgresql(code: str, message: str) -> bytes:
    """PostgreSQL, "Message Formats": ErrorResponse."""
    body = b"".join(f"{field}\0".encode() for field in ("SFATAL", f"C{code}", f"M{message}")) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


def of_mysql(body: bytes) -> bytes:
    """MySQL, "Protocol::Packet"."""
    return len(body).to_bytes(3, "little") + b"\0" + body


STARTS = of_postgresql("57P03", "the database system is starting up")
FULL = of_postgresql("53300", "sorry, too many clients already")
ASKS = b"R" + (12).to_bytes(4, "big") + (10).to_bytes(4, "big") + b"SCRAM-SHA-256\0\0"
TOO_MANY = of_mysql(b"\xff\x10\x04Too many connections")
GREETS = of_mysql(b"\x0a11.4.2-MariaDB\0" + b"x" * 60)
LOADS = b"-LOADING Redis is loading the dataset in memory\r\n"
STARTED = b"\x01\x00\x00\x00\x00\x01\xf5\x00\x0a\x00\x0a"  # a frame of AMQP: connection.start


def backed(container: Container, kind: Kind, role: Literal["database", "cache", "broker"] = "database") -> Container:
    return container.install(replace(PLAN, backing=(Backing(kind=kind, role=role, variable="AT"),)))


@pytest.mark.parametrize(
    ("kind", "bad", "good", "why"),
    [
        ("postgresql", STARTS, ASKS, "the database system is starting up"),
        ("postgresql", FULL, ASKS, "sorry, too many clients already"),
        ("postgresql", b"", ASKS, "it hangs up"),
        ("mysql", TOO_MANY, GREETS, "it has too many connections"),
        (
            "mysql",
            of_mysql(b"\xff\x69\x04Host 'x' is blocked"),
            GREETS,
            "it has blocked this host, which `mariadb-admin flush-hosts` or `mysqladmin flush-hosts` undoes",
        ),
        ("mysql", b"", GREETS, "it hangs up"),
        ("redis", LOADS, b"+PONG\r\n", "LOADING Redis is loading the dataset in memory"),
        ("redis", b"-MASTERDOWN Link with MASTER is down\r\n", b"+PONG\r\n", "MASTERDOWN Link with MASTER is down"),
        ("amqp", b"", STARTED, "it hangs up"),
        ("nats", b"", b'INFO {"server_id":"x"}\r\n', "it hangs up"),
    ],
)
def test_a_server_that_is_not_ready_is_waited_for(
    container: Container, kind: Kind, bad: bytes, good: bytes, why: str
) -> None:
    backed(container, kind)
    with Server(bad, bad, good, first=kind in {"mysql", "nats"}) as server:
        status, said = container.run(AT=f"{kind}://me:hush@127.0.0.1:{server.port}/x")
    assert status == 0
    first, last = said.splitlines()
    name = LABELS[kind]
    assert first == (
        f"lading: waiting for {name}, 60 s at most: {name} at 127.0.0.1:{server.port} (AT) does not answer: {why}"
    )
    assert re.fullmatch(rf"lading: {name} answers after \d\.\d s", last)
    assert [call["program"] for call in container.called()] == ["uvicorn"]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("postgresql", of_postgresql("3D000", 'database "x" does not exist')),
        ("postgresql", of_postgresql("28P01", "password authentication failed")),
        ("postgresql", ASKS),
        ("mysql", of_mysql(b"\xff\x6a\x04Host '10.0.0.2' is not allowed to connect")),
        ("mysql", GREETS),
        ("redis", b"-NOAUTH Authentication required.\r\n"),
        ("redis", b"+PONG\r\n"),
        ("amqp", b"AMQP\0\0\x09\x01"),
        ("mongodb", b"\x10\0\0\0" + b"x" * 12),
    ],
)
def test_a_server_that_refuses_us_is_there_all_the_same(container: Container, kind: Kind, answer: bytes) -> None:
    """A wrong password does not get right by waiting: the application says it, and better."""
    backed(container, kind)
    with Server(answer, first=kind == "mysql") as server:
        assert container.run(AT=f"{kind}://127.0.0.1:{server.port}/x") == (0, "")


def test_mongodb_hears_one_whole_message(container: Container) -> None:
    """A real server answers nothing else: it waits for what the length promises, and knows no other opcode."""
    backed(container, "mongodb")
    with Server(b"\x10\0\0\0" + b"x" * 12) as server:
        assert container.run(AT=f"mongodb://127.0.0.1:{server.port}/x") == (0, "")
        (heard,) = server.heard
    length, _, answers, opcode, flags, section, document = struct.unpack("<iiiiIBi", heard[:25])
    assert (length, answers, opcode, flags, section, document) == (len(heard), 0, 2013, 0, 0, len(heard) - 21)
    assert heard[25:] == b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0\0"


@pytest.mark.parametrize(
    ("kind", "bad", "good"),
    [("postgresql", STARTS, ASKS), ("mysql", TOO_MANY, GREETS), ("redis", LOADS, b"+PONG\r\n")],
)
def test_an_answer_that_comes_in_pieces_is_read_whole(
    container: Container, kind: Kind, bad: bytes, good: bytes
) -> None:
    def in_pieces(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in bad:
            connection.sendall(bytes([byte]))
            time.sleep(0.002)

    backed(container, kind)
    with Server(in_pieces, good, first=kind == "mysql") as server:
        status, said = container.run(AT=f"{kind}://127.0.0.1:{server.port}/x")
    assert (status, said.count("waiting for")) == (0, 1)


REFUSES = of_mysql(b"\xff\x15\x04#28000Access denied")
SWITCHES = (1).to_bytes(3, "little") + b"\2\xfe"


@pytest.mark.parametrize("url", ["mysql://127.0.0.1:{}/x", "mysql://127.0.0.1:{}/x?ssl=true"])
@pytest.mark.parametrize("switches", [False, True])
def test_mysql_is_not_left_during_its_handshake(container: Container, url: str, switches: bool) -> None:
    """It counts who does that, and after a hundred of them it blocks the host, the application with it."""
    heard: list[bytes] = []

    def talks(connection: socket.socket) -> None:
        connection.sendall(GREETS)
        heard.append(connection.recv(1000))
        if switches:
            connection.sendall(SWITCHES)
            heard.append(connection.recv(1000))
        connection.sendall(REFUSES)
        heard.append(connection.recv(1000))

    backed(container, "mysql")
    with Server(talks, first=True) as server:
        assert container.run(AT=url.format(server.port)) == (0, "")
        end = time.monotonic() + 5
        while b"" not in heard and time.monotonic() < end:
            time.sleep(0.01)
    length, number, body = heard[0][:3], heard[0][3], heard[0][4:]
    assert (int.from_bytes(length, "little"), number) == (len(body), 1)
    assert body[32:] == b"lading\0\0mysql_native_password\0"
    assert heard[1:] == ([b"\0\0\0\3", b""] if switches else [b""])  # no password, and only then the end


@pytest.mark.parametrize(("seconds", "least"), [("1", 0.5), ("2.5", 1.5)])
@pytest.mark.parametrize("mute", [True, False], ids=["mute", "closed"])
def test_who_does_not_answer_in_time_ends_the_start(
    container: Container, seconds: str, least: float, mute: bool
) -> None:
    backed(container, "redis", "cache")
    with Server(None) as server:
        number = server.port if mute else port()
        began = time.monotonic()
        status, said = container.run(AT=f"redis://127.0.0.1:{number}", LADING_WAIT_SECONDS=seconds)
        took = time.monotonic() - began
    why = f"Redis at 127.0.0.1:{number} (AT) does not answer: {'timed out' if mute else 'Connection refused'}"
    assert (status, said.splitlines()[-1]) == (3, f"lading: {why}, for {seconds} s")
    assert least < took < float(seconds) + 1
    assert container.called() == []


def test_nobody_is_waited_for_with_0(container: Container) -> None:
    backed(container, "redis")
    assert container.run(AT=f"redis://127.0.0.1:{port()}", LADING_WAIT_SECONDS="0") == (0, "")


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'x' * 64}.invalid", "a..b", "ü" * 64])
def test_a_name_without_an_address_is_said(container: Container, host: str) -> None:
    backed(container, "postgresql")
    status, said = container.run(AT=f"postgresql://{host}/x", LADING_WAIT_SECONDS="0.2")
    assert status == 3
    assert re.search(rf"PostgreSQL at {re.escape(host)}:5432 \(AT\) does not answer: .*(name|Name|label)", said)
    assert "Traceback" not in said


def test_a_port_that_is_none_is_said(container: Container) -> None:
    backed(container, "postgresql")
    status, said = container.run(AT="postgresql://127.0.0.1:70000/x", LADING_WAIT_SECONDS="0.2")
    assert (status, "Traceback" in said) == (3, False)


def test_a_signal_ends_the_waiting(container: Container) -> None:
    backed(container, "redis")
    with Server(LOADS) as server:
        process = container.start(AT=f"redis://127.0.0.1:{server.port}")
        server.until_heard(2)  # by then it has said that it waits
        began = time.monotonic()
        status, said = ended(process, signal.SIGTERM)
    assert (status, said.count("\n"), time.monotonic() - began < 2) == (128 + signal.SIGTERM, 1, True)


def test_every_service_is_waited_for_and_the_sum_is_limited(container: Container) -> None:
    services = (
        Backing(kind="redis", role="cache", variable="CACHE"),
        Backing(kind="redis", role="broker", variable="BROKER"),
    )
    container.install(replace(PLAN, backing=services))
    with Server(LOADS, LOADS, LOADS, b"+PONG\r\n") as cache, Server(LOADS) as broker:
        began = time.monotonic()
        status, said = container.run(
            CACHE=f"redis://127.0.0.1:{cache.port}", BROKER=f"redis://127.0.0.1:{broker.port}", LADING_WAIT_SECONDS="2"
        )
        took = time.monotonic() - began
    lines = said.splitlines()
    assert (status, len(lines), 1 < took < 3) == (3, 4, True)
    assert lines[1].startswith("lading: Redis answers after ")
    assert re.match(r"lading: waiting for Redis, 1 s at most: .* \(BROKER\)", lines[2])


def test_one_of_several_hosts_is_enough(container: Container) -> None:
    backed(container, "postgresql")
    with Server(ASKS) as server:
        url = f"postgresql://me:x@127.0.0.1:{port()},127.0.0.1:{server.port}/x"
        assert container.run(AT=url) == (0, "")


def test_an_ipv6_address_is_reached(container: Container) -> None:
    backed(container, "postgresql")
    with Server(ASKS, host="::1") as server:
        assert container.run(AT=f"postgresql://me:x@[::1]:{server.port}/x") == (0, "")
        assert container.run(AT=f"postgresql://[::1]:{port()},[::1]:{server.port}/x") == (0, "")


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("redis", "rediss://:x@127.0.0.1:{}/0"),
        ("amqp", "amqps://me:x@127.0.0.1:{}"),
        ("mongodb", "mongodb://127.0.0.1:{}/?tls=true"),
        ("kafka", "kafka://127.0.0.1:{}"),
        ("kafka", "127.0.0.1:{}"),
    ],
)
def test_where_nothing_is_said_in_the_clear_it_has_to_accept(container: Container, kind: Kind, url: str) -> None:
    backed(container, kind)
    with Server(None) as server:
        assert container.run(AT=url.format(server.port)) == (0, "")
        assert server.heard == []
    assert container.run(AT=url.format(port()), LADING_WAIT_SECONDS="0.2")[0] == 3


def test_the_user_and_the_database_are_those_of_the_url(container: Container) -> None:
    backed(container, "postgresql")
    with Server(ASKS) as server:
        container.run(AT=f"postgresql+asyncpg://m%40e:hu%2Fsh@127.0.0.1:{server.port}/my%20shop?ssl=require")
        body = b"\0\3\0\0user\0m@e\0database\0my shop\0\0"
        assert server.heard == [(len(body) + 4).to_bytes(4, "big") + body]


PARTS = {"host": "DB_HOST", "port": "DB_PORT", "user": "DB_USER", "password": "DB_PASS", "database": "DB_NAME"}


def test_a_service_in_parts_is_waited_for(container: Container) -> None:
    service = Backing(kind="postgresql", role="database", parts=PARTS, default={"port": "5432", "user": "shop"})
    container.install(replace(PLAN, backing=(service,)))
    assert container.run(DB_PORT="1", LADING_WAIT_SECONDS="1") == (0, "")  # no host: nobody says where it is
    number = port()
    status, said = container.run(
        DB_HOST="127.0.0.1", DB_PORT=str(number), DB_PASS="hu%sh@/x", LADING_WAIT_SECONDS="0.2"
    )
    why = f"PostgreSQL at 127.0.0.1:{number} does not answer: Connection refused, for 0.2 s"
    assert (status, said.splitlines()[-1]) == (3, f"lading: {why}")
    with Server(ASKS) as server:
        assert container.run(DB_HOST="127.0.0.1", DB_PORT=str(server.port), DB_NAME="x%20y") == (0, "")
        assert server.heard[0].endswith(b"user\0shop\0database\0x%20y\0\0")


def test_a_default_that_is_elsewhere_is_waited_for(container: Container) -> None:
    number = port()
    service = Backing(kind="redis", role="cache", variable="AT", default={"host": "127.0.0.1", "port": str(number)})
    container.install(replace(PLAN, backing=(service, Backing(kind="redis", role="cache", variable="OTHER"))))
    status, said = container.run(LADING_WAIT_SECONDS="0.2")
    assert (status, f"Redis at 127.0.0.1:{number} (AT)" in said) == (3, True)


def test_a_database_that_only_the_url_knows_of_is_waited_for(container: Container) -> None:
    container.install(replace(PLAN, database=Database(dialect="sqlite", variable="AT", url="sqlite:////data/x.db")))
    with Server(STARTS, ASKS) as server:
        status, said = container.run("serve", AT=f"postgresql+psycopg://me:secret@127.0.0.1:{server.port}/x")
    assert (status, "PostgreSQL answers after" in said, "secret" in said) == (0, True, False), said

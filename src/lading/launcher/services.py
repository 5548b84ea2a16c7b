"""Waiting for databases, caches and brokers, each greeted as its protocol has it: no driver is imported."""

from __future__ import annotations

import _socket
import time

from .addresses import addresses, place, services
from .environment import waiting
from .log import Stop, say

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


#: What is said first to each kind of service, where the server does not speak first.
HELLO = {
    "redis": b"PING\r\n",
    "amqp": b"AMQP\x00\x00\x09\x01",
    # OP_MSG: its length, number, what it answers, 2013, no flags, a section of one document: {hello: 1, $db: "admin"}
    "mongodb": bytes.fromhex("34000000" "01000000" "00000000" "dd070000" "00000000" "00")
    + bytes.fromhex("1f000000" "1068656c6c6f0001000000" "0224646200" "0600000061646d696e00" "00"),
}  # fmt: skip


SPEAKS_FIRST = ("mysql", "nats")


def wait(config: dict[str, Any], env: dict[str, str]) -> None:
    """Wait until every service that the environment names answers, each as its protocol has it."""
    limit = waiting(config, env)
    began = time.monotonic()
    for service in services(config, env) if limit else ():
        delay = 0.1
        while problem := unanswered(service, env, began + limit):
            past = time.monotonic() - began
            if past + delay > limit:
                raise Stop(f"{problem}, for {limit:g} s", 3)
            if delay == 0.1:
                say(f"waiting for {service['label']}, {limit - past:.0f} s at most: {problem}")
            time.sleep(delay)
            delay = min(delay * 2, 2)
        if delay > 0.1:
            say(f"{service['label']} answers after {time.monotonic() - began:.1f} s")


def unanswered(service: dict[str, Any], env: dict[str, str], until: float) -> str:
    """Why the service does not answer until `until`, in a sentence; empty where it does, or no address is known."""
    problem = ""
    for host, port in addresses(service, env):
        try:
            why = greeted(service, env, host, port, until)
        except (OSError, ValueError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
        if not why:
            return ""
        named = f" ({service['variable']})" if service["variable"] else ""
        problem = f"{service['label']} at {host}:{port}{named} does not answer: {why}"
    return problem


def left(until: float) -> float:
    """How long to wait for one answer of several: until `until`, and 3 s at most, so that the next has its turn."""
    return max(min(until - time.monotonic(), 3), 0.001)


def connected(host: str, port: int, until: float) -> _socket.socket:
    """A connection to one of the addresses that the name has, until `until`. Raises OSError."""
    # As text it would pass through the codec for names in other scripts, which takes longer than all the rest.
    name = host.encode() if host.isascii() else host
    failed: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM):
        connection = _socket.socket(family, kind, protocol)
        connection.settimeout(left(until))
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


def greeted(service: dict[str, Any], env: dict[str, str], host: str, port: int, until: float) -> str:
    """Greet the service as its protocol has it, and return what speaks against it. Raises OSError."""
    kind, found = service["kind"], place(service, env)
    connection = connected(host, port, until)
    try:
        hello = HELLO.get(kind, b"")
        if kind == "postgresql":
            # PostgreSQL, "Message Formats": StartupMessage, version 3.0.
            user, database = found.get("user", "postgres"), found.get("database", "postgres")
            body = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database, ""))
            hello = (len(body) + 8).to_bytes(4, "big") + b"\0\3\0\0" + body
        # Behind TLS nothing is said in the clear: that it accepts has to do.
        secure = found.get("scheme") in ("rediss", "amqps") or "ssl" in found or "tls" in found
        if (not hello and kind not in SPEAKS_FIRST) or (secure and kind not in ("postgresql", "mysql")):
            return ""
        connection.settimeout(left(until))
        connection.sendall(hello)
        answer = b""
        while not whole(kind, answer):
            connection.settimeout(left(until))
            received = connection.recv(1024)
            if not received:
                break
            answer += received
        if kind == "mysql" and answer[4:5] == b"\x0a":
            turned_away(connection, until)
    finally:
        connection.close()
    return refusal(kind, answer)


def turned_away(connection: _socket.socket, until: float) -> None:
    """Log in to MySQL as nobody, and be refused.

    Whoever leaves before is counted, and after a hundred probes the server would block this host, the application
    with it. Source: MySQL, "max_connect_errors"; "Protocol::HandshakeResponse41".
    """
    # CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH; packets of 16 MiB; utf8mb4; no password
    body = (0x88200).to_bytes(4, "little") + b"\0\0\0\1" + b"\x2d" + bytes(23) + b"lading\0\0mysql_native_password\0"
    try:
        connection.settimeout(left(until))
        connection.sendall(len(body).to_bytes(3, "little") + b"\1" + body)
        answer = connection.recv(1024)
        if answer[4:5] == b"\xfe":  # AuthSwitchRequest: by another method, neither
            connection.sendall(b"\0\0\0" + bytes([answer[3] + 1 & 255]))
            connection.recv(1024)
    except OSError:
        return  # it has answered, which is all that was asked


def whole(kind: str, answer: bytes) -> bool:
    """Whether `refusal` can tell from what has arrived so far."""
    if kind == "postgresql" and answer[:1] == b"E":
        return len(answer) > 4 and len(answer) > int.from_bytes(answer[1:5], "big")
    if kind == "mysql":
        return len(answer) > 4 and len(answer) >= 4 + int.from_bytes(answer[:3], "little")
    return b"\n" in answer if kind == "redis" else answer != b""


def refusal(kind: str, answer: bytes) -> str:
    """What a first answer says against the service; that it wants another password is nothing against it."""
    if not answer:
        return "it hangs up"
    if kind == "postgresql" and answer[:1] == b"E":
        fields = {part[:1]: part[1:].decode(errors="replace") for part in answer[5:].split(b"\0")}
        # 57P03 cannot_connect_now: it starts, stops or recovers; 53300 too_many_connections.
        return fields.get(b"M", "") if fields.get(b"C") in ("57P03", "53300") else ""
    if kind == "mysql" and answer[4:5] == b"\xff" and answer[5:7] == b"\x10\x04":  # 1040: too many connections
        return "it has too many connections"
    if kind == "mysql" and answer[4:5] == b"\xff" and answer[5:7] == b"\x69\x04":  # 1129
        return "it has blocked this host, which `mariadb-admin flush-hosts` or `mysqladmin flush-hosts` undoes"
    if kind == "redis" and answer.startswith((b"-LOADING", b"-MASTERDOWN")):
        return answer[1:].decode(errors="replace").strip()
    return ""

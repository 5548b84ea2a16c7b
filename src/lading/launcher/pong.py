"""Celery's ping, sent as Celery sends it, without importing Celery where its settings allow that."""

from __future__ import annotations

import _socket
import os
import sys
import time

from . import SITE
from .addresses import PORTS, broker_of, place
from .log import Stop
from .services import connected

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


def ping(program: dict[str, Any], config: dict[str, Any], env: dict[str, str], until: float) -> None:
    """Ask Celery's worker of this container for a pong, through the broker."""
    node = named(program["argv"], _socket.gethostname())
    broker = broker_of(program, config)
    if broker and ponged(broker, env, node, min(until, time.monotonic() + 2)):
        return
    # Its settings may have other names for all this. Importing them is dear, and needs time.
    import signal

    def late(_number: int, _frame: object) -> None:
        raise Stop(f"{node} does not answer a ping")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, max(until - time.monotonic(), 0.001))
    sys.path[:1] = [*config["folder"].split(os.pathsep), SITE]
    os.environ.update(env)
    from celery.app.utils import find_app

    target = program["argv"][program["argv"].index("-A") + 1]
    if not find_app(target).control.ping(destination=[node], timeout=max(until - time.monotonic(), 0.1), limit=1):
        late(0, None)


def named(argv: list[str], host: str) -> str:
    """What the worker calls itself: `celery@` and its host, unless its command says otherwise.

    Source: Celery's "Workers Guide", "Starting the worker": %h is the host, %n its first label, %d the rest.
    """
    given = "%h"
    for index, word in enumerate(argv):
        if word in ("-n", "--hostname") and argv[index + 1 :]:
            given = argv[index + 1]
        elif word.startswith("--hostname="):
            given = word.partition("=")[2]
    name, at, place = given.rpartition("@")
    first, _, domain = host.partition(".")
    node = f"{name or 'celery'}@{place or host}" if at else f"celery@{given}"
    for mark, text in (("%h", host), ("%n", first), ("%d", domain)):
        node = node.replace(mark, text)
    return node


def ponged(broker: dict[str, Any], env: dict[str, str], node: str, until: float) -> bool:
    """Whether Celery's `node` answers a ping, sent as Celery sends it by default, without importing Celery.

    Source: kombu's pidbox, and its transport over Redis.
    """
    import binascii

    found, queue = place(broker, env), f"lading.{os.urandom(8).hex()}"
    body = (
        f'{{"method": "ping", "arguments": {{}}, "destination": ["{node}"], "pattern": null, "matcher": null, '
        f'"ticket": "{queue}", "reply_to": {{"exchange": "", "routing_key": "{queue}"}}}}'
    )
    plain = found.get("scheme", broker["kind"]) in ("redis", "amqp", "pyamqp")
    where = found.get("host", ""), int(found.get("port") or PORTS[broker["kind"]])
    try:
        if broker["kind"] == "redis" and plain:
            database = found.get("database") or "0"
            sent = (
                f'{{"body": "{binascii.b2a_base64(body.encode(), newline=False).decode()}", "headers": {{}}, '
                f'"content-type": "application/json", "content-encoding": "utf-8", "properties": {{"priority": 0, '
                f'"delivery_info": {{"exchange": "celery.pidbox", "routing_key": ""}}, "body_encoding": "base64", '
                f'"delivery_tag": "{queue}"}}}}'
            )
            account = [word for word in (found.get("user"), found.get("password")) if word]
            said = [["AUTH", *account]] if "password" in found else []
            said += [["SELECT", database], ["PUBLISH", f"/{database}.celery.pidbox", sent], ["BLPOP", queue, "3"]]
            return told(where, said, queue, until)
        if broker["kind"] == "amqp" and plain:
            sys.path.append(SITE)
            import amqp

            left = until - time.monotonic()
            with amqp.Connection(
                f"{where[0]}:{where[1]}", userid=found.get("user", "guest"), password=found.get("password", "guest"),
                virtual_host=found.get("database") or "/", connect_timeout=left, read_timeout=left,
            ) as connection:  # fmt: skip
                answers: list[object] = []
                channel = connection.channel()
                channel.queue_declare(queue, exclusive=True)
                channel.basic_consume(queue, callback=answers.append, no_ack=True)
                message = amqp.Message(body, content_type="application/json", content_encoding="utf-8")
                channel.basic_publish(message, exchange="celery.pidbox")
                while not answers:
                    connection.drain_events(timeout=max(until - time.monotonic(), 0.001))
                return True
    except Exception:  # noqa: BLE001, S110 - whatever it is, it is no pong
        pass
    return False


def told(where: tuple[str, int], said: list[list[str]], awaited: str, until: float) -> bool:
    """Send commands to Redis, and say whether an answer names what is awaited. Raises OSError."""
    connection, answer = connected(*where, until), b""
    try:
        for words in said:
            lines = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{lines}".encode())
        while awaited.encode() not in answer:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            received = connection.recv(4096)
            if not received or b"-ERR" in received:
                return False
            answer += received
    finally:
        connection.close()
    return True

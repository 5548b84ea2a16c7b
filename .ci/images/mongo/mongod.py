#!/usr/local/bin/python3
"""A server with the name and some of the options of `mongod`: nx-27017, which access.py stands before."""

import argparse
import logging
import signal
import sys
from pathlib import Path

from access import Access
from nx_27017.handler import NeoSQLiteHandler
from nx_27017.server import run_server_threaded


class Handler(NeoSQLiteHandler):
    """nx-27017's, for whom `access` lets in."""

    access: Access

    def handle_command(self, msg: dict) -> tuple[int, dict]:
        """The number of a request, and the answer to its command."""
        body = next(document for kind, document in msg["sections"] if kind == "body")
        answer = self.access.answer(msg["_conn_id"], body)
        if answer is not None:
            return msg["request_id"], answer
        number, answer = super().handle_command(msg)
        if next(iter(body)).lower() in {"hello", "ismaster"}:
            answer |= self.access.hello(body)
        return number, answer

    def handle_insert(self, msg: dict) -> tuple[int, dict]:
        """As `handle_command`, which other commands come to."""
        body = next(document for kind, document in msg["sections"] if kind == "body")
        answer = self.access.answer(msg["_conn_id"], body)
        return super().handle_insert(msg) if answer is None else (msg["request_id"], answer)

    def handle_query(self, msg: dict) -> tuple[int, list[dict]]:
        """The first greeting of a driver; MongoDB knows no other request of this kind any more."""
        if msg["collection"] != "$cmd":
            return msg["request_id"], [{"ok": 0.0, "errmsg": "Unsupported OP_QUERY", "code": 352}]
        return super().handle_query(msg)

    def close_streams_for_connection(self, conn_id: str) -> None:
        """A connection has ended."""
        self.access.forget(conn_id)
        super().close_streams_for_connection(conn_id)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="mongod", allow_abbrev=False)
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--bind_ip", default="127.0.0.1")
    parser.add_argument("--bind_ip_all", action="store_const", const="0.0.0.0", dest="bind_ip")
    parser.add_argument("--port", type=int, default=27017)
    parser.add_argument("--dbpath", type=Path, default=Path("/data/db"))
    options = parser.parse_args()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: sys.exit(0))
    logging.basicConfig(level=logging.WARNING)
    handler = Handler(data_dir=str(options.dbpath))
    handler.access = Access(options.dbpath / "users.json", asks=options.auth)
    print(f"waiting for connections on {options.bind_ip}:{options.port}", flush=True)
    run_server_threaded(options.bind_ip, options.port, handler)


main()

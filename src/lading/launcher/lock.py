"""The lock that belongs to a database: who migrates holds it, and it goes with whoever is killed."""

from __future__ import annotations

import os
import time

from .log import say

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def lock(dialect: str, query: Callable[[str], list[Any]], file: str) -> None:
    """Wait for the lock of the database, which goes with the connection or the process that holds it.

    Asked again and again, because who waits within the database holds a snapshot, and `CREATE INDEX CONCURRENTLY`
    waits for all that hold one. Source: PostgreSQL, "Advisory Locks"; MariaDB, "GET_LOCK"; flock(2).
    """
    if dialect == "sqlite":
        import fcntl

        if not file:
            return
        held = os.open(file + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)  # left open until we end

        def take() -> bool:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
    elif dialect in ("postgresql", "mysql", "mariadb"):
        sql = ("SELECT CASE WHEN pg_try_advisory_lock(7812730933461644903) THEN 1 ELSE 0 END"  # "lading" and a g
               if dialect == "postgresql" else "SELECT GET_LOCK(CONCAT('lading:', MD5(DATABASE())), 0)")  # fmt: skip

        def take() -> bool:
            return int(query(sql)[0][0]) == 1
    else:
        say(f"no lock is known for {dialect}, so only one replica may start at a time")
        return
    began, said = time.monotonic(), 1.0
    while not take():
        if time.monotonic() - began > said:
            say(f"another replica migrates the database: waiting, for {time.monotonic() - began:.0f} s now")
            said *= 10
        time.sleep(0.2)

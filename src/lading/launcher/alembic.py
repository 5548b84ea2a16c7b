"""Alembic, on the connection that the project's env.py opens, under the lock of the database."""

from __future__ import annotations

import os
import sys

from .lock import lock
from .log import Stop, say

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def alembic(config: dict[str, Any], folders: list[str], *, look: bool) -> bool:
    """Run Alembic's env.py, and on the connection that it opens: lock, look again, and apply what is missing.

    Whether the database was at its newest revision already. Source: Alembic's "Runtime Objects", EnvironmentContext.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    sys.path[:0] = folders
    folder, name = os.path.split(config["migrations"]["config"])
    os.chdir(folder)
    files = {"toml_file": name} if name.endswith(".toml") else {"file_": name}
    settings = Config(**files, ini_section=config["migrations"]["section"])
    # As the project's own code does before it runs Alembic, which gives this file's section no URL.
    url = os.environ.get(config["migrations"]["url"] or "", "")
    if url and not settings.get_main_option("sqlalchemy.url"):
        settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    script = ScriptDirectory.from_config(settings)
    steps: list[str] = []
    done: list[str] = []

    def configure(connection: Any = None, *rest: Any, **options: Any) -> None:
        """`context.configure` of env.py: whatever it connects to is locked before anybody looks at it."""
        if connection is not None and not look:
            raw, kind = connection.connection, connection.dialect.name
            file = fetched(raw, "PRAGMA database_list")[0][2] if kind == "sqlite" else ""
            lock(kind, lambda sql: fetched(raw, sql), file)
        told = options.pop("on_version_apply", None) or ()
        heard = [*told] if isinstance(told, (list, tuple)) else [told]
        heard.append(lambda *, step, **_: done.append(step.up_revision_id))
        EnvironmentContext.configure(opened, connection, *rest, on_version_apply=heard, **options)

    def missing(found: Any, _context: Any) -> list[Any]:
        refuse_newer(script, found)
        wanted = script._upgrade_revs("heads", found)  # noqa: SLF001 - as Alembic's documentation does it
        steps.extend(step.revision.revision for step in wanted)
        if steps and not look:
            say(f"the database is at {', '.join(found) or 'no revision'}: applying {', '.join(steps)}")
        return [] if look else wanted

    # Who only looks may lack the right to make Alembic's table.
    opened = EnvironmentContext(settings, script, fn=missing, as_sql=False, destination_rev="heads", dont_mutate=look)
    opened.configure = configure
    try:
        with opened:
            script.run_env()
    except Stop:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a migration raises
        failed(error, steps[len(done)] if len(done) < len(steps) else "env.py", opened)
    if steps and not look:
        say(f"the database is at {', '.join(script.get_heads())}")
    return not steps


def refuse_newer(script: Any, found: Iterable[str]) -> None:
    """Stop at a database whose revision a newer image made."""
    from alembic.util import CommandError

    for revision in found:
        try:
            script.get_revision(revision)
        except CommandError:
            raise Stop(
                f"the database is at {revision}, which this image does not know, and its newest is "
                f"{', '.join(script.get_heads())}: start a newer image, or downgrade with the one that has it"
            ) from None


def failed(error: Exception, at: str, opened: Any) -> None:
    """Stop with what failed where, and what that means for the database."""
    import traceback

    traceback.print_exception(type(error), error, error.__traceback__)
    said = f"{at} failed: {type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    if at != "env.py" and not opened.get_impl().transactional_ddl:
        said += (
            f"; this database takes no half of a revision back, so what {at} begins with may be done already, by this "
            f"start or by one that was killed: finish it by hand and `alembic stamp {at}`, or undo it"
        )
    raise Stop(said) from None


def fetched(connection: Any, sql: str) -> list[Any]:
    """The rows of a query, beside whatever SQLAlchemy thinks that its connection does."""
    cursor = connection.cursor()
    cursor.execute(sql)
    rows = list(cursor.fetchall())
    cursor.close()
    connection.commit()
    return rows

"""The migrations of the application → whether they are in the image, and applied before it serves."""

from __future__ import annotations

import posixpath

from lading.checks import packages
from lading.checks.evidence import Check, Said, failed, never_answered, not_started, passed, skipped, unknown
from lading.checks.forbidden import APP
from lading.model import Contents, Observation, Plan, Run

_NONE = "there are no migrations"


def migrations_in_image(contents: Contents, plan: Plan) -> Said:
    """The image has Alembic itself, its configuration, its env.py and every revision.

    Source: S0-10 of the criteria; Alembic's "Tutorial, The Migration Environment".
    """
    migrations = plan.migrations
    if migrations is None:
        return skipped(_NONE)
    folder = posixpath.join(APP, migrations.folder)
    wanted = (posixpath.join(APP, migrations.config), f"{folder}/env.py")
    out = [failed(f"`{path}` is not in the image", where=path) for path in wanted if path not in contents.files]
    revisions = [
        path for path in contents.files if posixpath.dirname(path) == f"{folder}/versions" and path.endswith(".py")
    ]
    if not revisions:
        out.append(failed(f"no revision is in `{folder}/versions`", where=f"{folder}/versions"))
    there = packages.installed(contents)
    alembic = next((one for one in there if one.name == migrations.tool), None)
    if alembic is None and there:
        hint = f"add `{migrations.tool}` to the production dependencies"
        out.append(failed(f"`{migrations.tool}` is not installed in the image", hint=hint))
    elif alembic is None:
        return out or unknown("no distribution's METADATA was found in the image")
    if out or alembic is None:
        return out
    return passed(f"Alembic {alembic.version}, {migrations.config}, env.py and {len(revisions)} revisions")


def migrations_applied(defaults: Run | None, plan: Plan, observation: Observation | None) -> Said:
    """The schema is at its newest revision after the first start, on an empty volume.

    From the rows of `alembic_version` on the volume, not from a line in the log, which is written before anything is
    done and also when it fails. Source: S0-10 and S2-3 of the criteria.
    """
    migrations = plan.migrations
    if migrations is None:
        return skipped(_NONE)
    if defaults is None:
        return not_started("defaults", observation)
    if defaults.ready is None:
        return never_answered(defaults)
    if plan.database is not None and plan.database.dialect != "sqlite":
        return unknown(f"the revisions of a {plan.database.dialect} database were not read")
    wanted = set(migrations.heads)
    heads = ", ".join(sorted(wanted))
    if not defaults.revisions:
        hint = "run the migrations before the server: the launcher of `lading init` does"
        return failed(f"no `alembic_version` on {plan.volume}, wanted {heads}", where=plan.volume, hint=hint)
    for path, rows in defaults.revisions.items():
        if set(rows) == wanted:
            name = posixpath.basename(path)
            return passed(f"{name} is at {heads} after the first start")
    path, rows = next(iter(defaults.revisions.items()))
    return failed(f"`{posixpath.basename(path)}` is at {', '.join(rows) or 'no revision'}, wanted {heads}", where=path)


CHECKS: tuple[Check, ...] = (migrations_in_image, migrations_applied)

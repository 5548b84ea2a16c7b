"""The image's user and variables → whether it runs as the plan's user, and its Python finds the code."""

from __future__ import annotations

from lading.checks import paths
from lading.checks.evidence import Check, Said, failed, passed
from lading.checks.image import environment, setting
from lading.model import Contents, Image, Plan

#: Who is who.
PASSWD = "/etc/passwd"  # noqa: S105 - a path


def user_uid(image: Image, contents: Contents, plan: Plan) -> Said:
    """The image's user has the number, the group, the name and the home that the plan says: appuser, 1000.

    The same number in every image is what lets a volume or a folder of the machine be prepared for it. A user without a
    name or a home makes libraries fail that ask for them. Source: S1-5 and S0-5; passwd(5).
    """
    wanted, given = f"{plan.user.uid}:{plan.user.gid}", str(setting(image).get("User") or "")
    hint = f"`USER {wanted}`, with `useradd --uid {plan.user.uid} … {plan.user.name}`"
    if given not in {wanted, str(plan.user.uid)}:
        return failed(f"the user is `{given or 'root'}`, wanted {wanted}", hint=hint)
    file = paths.resolve(contents.files, PASSWD)
    lines = (file.data or b"").decode(errors="replace").splitlines() if file else []
    rows = [row for row in (line.split(":") for line in lines) if len(row) == 7 and row[2] == str(plan.user.uid)]
    if not rows:
        return failed(f"no user has the number {plan.user.uid}", where=PASSWD, hint=hint)
    name, gid, home = rows[0][0], rows[0][3], rows[0][5]
    if (name, gid) != (plan.user.name, str(plan.user.gid)):
        said = f"{plan.user.uid} is `{name}` of group {gid}, wanted `{plan.user.name}` of {plan.user.gid}"
        return failed(said, where=PASSWD, hint=hint)
    folder = paths.resolve(contents.files, home)
    if folder is None or folder.kind != "directory" or folder.uid != plan.user.uid:
        return failed(f"the home of `{name}`, `{home}`, is no folder of its own", where=PASSWD, hint="`--create-home`")
    return passed(f"{name}, {wanted}, at home in {home}")


def python_environment(image: Image, plan: Plan) -> Said:
    """The image's variables let Python find the code and say at once what it prints, and leave its folders clean.

    PYTHONPATH has every folder that the code's imports were found in, as an absolute path: a relative one means another
    folder wherever else a command is run. PYTHONUNBUFFERED, or the last lines before a crash are lost. Bytecode goes
    to a tree of its own or nowhere. Source: S1-5; Python's documentation, "Environment variables".
    """
    env = environment(image)
    folders = [part for part in plan.env.get("PYTHONPATH", "").split(":") if part]
    given = [part for part in env.get("PYTHONPATH", "").split(":") if part]
    hint = f"`ENV PYTHONPATH={':'.join(folders)}`"
    out = [failed(f"`{folder}` is not in PYTHONPATH", hint=hint) for folder in folders if folder not in given]
    out += [failed(f"`{part}` in PYTHONPATH is not absolute") for part in given if not part.startswith("/")]
    if not env.get("PYTHONUNBUFFERED"):
        out.append(failed("PYTHONUNBUFFERED is not set", hint="`ENV PYTHONUNBUFFERED=1`"))
    if not (env.get("PYTHONPYCACHEPREFIX") or env.get("PYTHONDONTWRITEBYTECODE")):
        hint = "`ENV PYTHONPYCACHEPREFIX=/opt/pycache`, or PYTHONDONTWRITEBYTECODE=1"
        out.append(failed("bytecode would be written beside the code", hint=hint))
    return out or passed(f"PYTHONPATH is {':'.join(given)}, PYTHONUNBUFFERED is set, bytecode is kept apart")


CHECKS: tuple[Check, ...] = (user_uid, python_environment)

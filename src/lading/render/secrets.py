"""A plan's services and variables → the secret files of its stack: templates, and what is filled into them.

The files are not of the files that `lading init` keeps up to date: they are written once, and belong to whoever has
the machine. Their folder, which only its owner may enter, ignores itself in git. The files are readable inside, because
Compose mounts them with the owner and the mode that they have here, and the containers run as users of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from lading.model import Backing, Plan, Variable
from lading.render import stores
from lading.render.stores import ACCOUNT

FOLDER = ".secrets"

#: What keeps the folder out of git, itself included.
IGNORE = f"{FOLDER}/.gitignore"

#: Secrets that are nobody's but ours, so that a random value is as good as any. Whole names: STRIPE_SECRET_KEY is
#: somebody else's.
_OWN = re.compile(
    r"(?:(?:APP|JWT|SESSION|SIGNING|AUTH|TOKEN|COOKIE|CSRF)_?(?:SECRET(?:_?KEY)?|KEY)|SECRET(?:_?KEY)?|SECRET_SALT)"
)

_MARK = re.compile(r"\{(\w+)\}")


def templates(plan: Plan) -> dict[str, str]:
    """Each secret's name and its text, in which `{name}` stands for a random value; the same name, the same value."""
    found: dict[str, str] = {}
    for one in plan.backing:
        if store := stores.of(one, plan):
            found |= {name: _SERVERS[name] for name in store.secrets}
            found |= {name: text for _, name, text in _files(one, plan, store)}
    for variable in own(plan):
        found[variable.name.lower()] = f"{{{variable.name.lower()}}}"
    return found


#: What the servers read.
_SERVERS: Mapping[str, str] = {
    "postgres_password": "{postgres_password}",
    "mysql_password": "{mysql_password}",
    "mongo_password": "{mongo_password}",
    "redis.conf": "requirepass {redis_password}\n",
    "rabbitmq.conf": f"default_user = {ACCOUNT}\ndefault_pass = {{rabbitmq_password}}\n",
}


def own(plan: Plan) -> Iterator[Variable]:
    """The required secrets that a random value is good for: the key that tokens are signed with, not that of an API."""
    prefix = plan.port.variable.upper().removesuffix("PORT")  # PREFIX_ of PREFIX_PORT
    held = {name for one in plan.backing for name in (one.variable, *one.parts.values())}
    for variable in plan.variables:
        known = _OWN.fullmatch(variable.name.upper().removeprefix(prefix))
        if variable.required and variable.secret and known and variable.name not in held:
            yield variable


def given(plan: Plan) -> dict[str, str]:
    """The variables that are read from files in the containers of the application: name → secret."""
    files = {variable.name: variable.name.lower() for variable in own(plan)}
    for one in plan.backing:
        if store := stores.of(one, plan):
            files |= {variable: name for variable, name, _ in _files(one, plan, store)}
    return files


def _files(one: Backing, plan: Plan, store: stores.Store) -> Iterator[tuple[str, str, str]]:
    """The secrets by which the application reaches a service: each variable, what its file is called, its template."""
    if one.variable:
        yield one.variable, one.variable.lower(), url(one, plan, store)
        return
    if not store.secrets:
        return
    password = stores.PASSWORDS[one.kind]
    if variable := one.parts.get("password"):
        yield variable, password, f"{{{password}}}"
    if variable := one.parts.get("credentials"):
        yield variable, variable.lower(), credentials(one)


def credentials(one: Backing) -> str:
    """The user and the password of a service in one, as some code takes them; `{…_password}` stands for the latter."""
    return f"{stores.account(one.kind)}:{{{stores.PASSWORDS[one.kind]}}}"


def url(one: Backing, plan: Plan, store: stores.Store, database: str | None = None) -> str:
    """The URL of a service of the stack, as the application takes it; `{…_password}` stands for the password.

    `database` is another than the stack's: a name, of Redis a number; RabbitMQ has none.
    """
    scheme, place, name = _scheme(one, plan), f"{store.name}:{store.port}", database or ACCOUNT
    match one.kind:
        case "redis":
            number = database or one.default.get("database", "0")
            account = ":{redis_password}@" if store.secrets else ""
            return f"{scheme}://{account}{place}/{number if number.isdecimal() else '0'}"
        case "amqp":
            return f"{scheme}://{ACCOUNT}:{{rabbitmq_password}}@{place}/"
        case "mongodb":
            return f"{scheme}://{ACCOUNT}:{{mongo_password}}@{place}/{name}?authSource=admin"
        case "mysql":
            return f"{scheme}://{ACCOUNT}:{{mysql_password}}@{place}/{name}"
        case _:
            return f"{scheme}://{ACCOUNT}:{{postgres_password}}@{place}/{name}"


def _scheme(one: Backing, plan: Plan) -> str:
    """As the default in the code spells it, else as the library does that is to read it."""
    usual = {"rediss": "redis", "amqps": "amqp", "mongodb+srv": "mongodb"}
    told = one.default.get("scheme", "")
    if told:
        return usual.get(told, told)
    if one.kind not in {"postgresql", "mysql"} or one.plain:
        return one.kind
    names = {re.split(r"[^\w.-]", text, maxsplit=1)[0].lower() for text in _requirements(plan)}
    if "sqlalchemy" in names or "sqlmodel" in names:
        return f"{one.kind}+{one.driver}" if one.driver else one.kind
    return "postgres" if one.kind == "postgresql" and "tortoise-orm" in names else one.kind


def _requirements(plan: Plan) -> Iterator[str]:
    yield from (*plan.dependencies.requirements, *plan.dependencies.pinned)


def missing(plan: Plan, there: Mapping[str, str | None], fresh: Callable[[], str]) -> dict[str, str]:
    """The files that are to be written, each path with its text; what is there stays, and its values hold for the rest.

    `there` has the text of each file of the folder that exists; `fresh` makes a random value.
    """
    wanted = templates(plan)
    values: dict[str, str] = {}
    for name, template in wanted.items():
        text = there.get(f"{FOLDER}/{name}")
        if text is not None and (match := _pattern(template).fullmatch(text.strip())):
            values |= {mark: value for mark, value in match.groupdict().items() if mark not in values}
    out = {IGNORE: "*\n"} if wanted and there.get(IGNORE) is None else {}
    for name, template in wanted.items():
        if there.get(f"{FOLDER}/{name}") is None:
            values.update({mark: fresh() for mark in _MARK.findall(template) if mark not in values})
            out[f"{FOLDER}/{name}"] = template.format_map(values)
    return out


def values(plan: Plan, there: Mapping[str, str]) -> dict[str, str]:
    """The random values that the files of the folder hold, by their names: `postgres_password`."""
    found: dict[str, str] = {}
    for name, template in templates(plan).items():
        if match := _pattern(template).fullmatch(there[f"{FOLDER}/{name}"].strip()):
            found |= match.groupdict()
    return found


def _pattern(template: str) -> re.Pattern[str]:
    parts = _MARK.split(template.strip())
    return re.compile("".join(f"(?P<{part}>\\S+)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)))

"""Where the databases, caches and brokers are, as the environment has it: a URL, or its parts one by one."""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from typing import Any


PORTS = {"postgresql": 5432, "mysql": 3306, "redis": 6379, "amqp": 5672, "mongodb": 27017, "kafka": 9092, "nats": 4222}

#: The databases that a URL may name whatever the plan knows of: by their schemes, in SQLAlchemy and elsewhere.
DATABASES = {
    "postgresql": ("postgresql", "PostgreSQL"), "postgres": ("postgresql", "PostgreSQL"),
    "mysql": ("mysql", "MySQL"), "mariadb": ("mysql", "MariaDB"),
}  # fmt: skip


def services(config: dict[str, Any], env: dict[str, str]) -> list[dict[str, Any]]:
    """What the application needs: what the plan knows of, and the database that the URL names where that is another."""
    variable = config["database"]["variable"] if config["database"] else None
    scheme = env.get(variable or "", "").partition("://")[0].partition("+")[0]
    kind, label = DATABASES.get(scheme, ("", ""))
    found = [one for one in config["services"] if not kind or one["variable"] != variable or one["kind"] == kind]
    if kind and all(one["variable"] != variable for one in found):
        named = {"kind": kind, "label": label, "role": "database", "variable": variable}
        found.append({**named, "parts": {}, "default": {}, "driver": None})
    return found


def addresses(service: dict[str, Any], env: dict[str, str]) -> list[tuple[str, int]]:
    """Where the service is. Nowhere, when only a default says so that means this container itself, or a file."""
    found = place(service, env)
    if found.get("host", "").startswith("/") or found.get("scheme", "").endswith("+srv"):
        return []
    out = []
    for one in found.get("host", "").split(","):
        name, _, digits = one.rpartition(":") if one.count(":") == 1 or "]:" in one else (one, "", "")
        digits = digits or found.get("port") or str(PORTS[service["kind"]])
        if name and digits.isdigit():
            out.append((name.strip("[]"), int(digits)))
    return out


def place(service: dict[str, Any], env: dict[str, str]) -> dict[str, str]:
    """What is known of a service: scheme, user, password, host, port, database, and what its URL asks for."""
    url = env.get(service["variable"] or "", "")
    if url:
        scheme, is_url, rest = url.partition("://")
        # `a:9092,b:9092` are addresses, too; what holds more than addresses is no business of ours.
        rest = rest if is_url else "" if set(url) & set(" =/@\"'") else url
        scheme, rest = scheme if is_url else "", rest.replace(f"{scheme}://", "")
        # Whoever writes a URL need not quote the `/` or `?` of a password: the first `@` ends it, as for SQLAlchemy.
        account, at, after = rest.partition("@")
        if not at or set(account.partition(":")[0]) & set("/?"):
            account, after = "", rest
        after, _, query = after.partition("?")
        before, _, path = after.partition("/")
        more, at, host = before.rpartition("@")
        user, _, password = f"{account}{at}{more}".partition(":")
        found = {"scheme": scheme, "user": user, "password": password, "host": host, "database": path}
        found.update(pair.partition("=")[::2] for pair in query.split("&") if pair)
        if host.count(":") == 1 or host.startswith("["):
            name, _, digits = host.rpartition(":")
            if digits.isdigit() and "," not in host:
                found.update(host=name.strip("[]"), port=digits)
    else:
        found = dict(service["default"])
        found.update({part: env[name] for part, name in service["parts"].items() if env.get(name)})
        if "credentials" in found:
            found["user"], _, found["password"] = found.pop("credentials").partition(":")
    return {part: unquoted(text) if url else text for part, text in found.items() if text}


def url(service: dict[str, Any], env: dict[str, str]) -> str:
    """The URL of the service: its variable's, else put together of its parts; empty where nobody says where it is."""
    given = env.get(service["variable"] or "", "")
    found = place(service, env)
    if "://" in given or not found.get("host"):
        return given if "://" in given else ""
    from urllib.parse import quote

    user, password = (quote(found.get(part, ""), safe="") for part in ("user", "password"))
    account = f"{user}:{password}@" if password else f"{user}@" if user else ""
    port = found.get("port") or PORTS[service["kind"]]
    return f"{service['kind']}://{account}{found['host']}:{port}/{found.get('database', '')}"


def unquoted(text: str) -> str:
    """`text` with its %XX read."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def broker_of(program: dict[str, Any], config: dict[str, Any]) -> dict[str, Any] | None:
    """The service that this program takes its work from: the one that its variable belongs to, else any broker."""
    brokers = [one for one in config["services"] if one["role"] == "broker"]
    mine = [one for one in brokers if program["broker"] in (one["variable"], *one["parts"].values())]
    return next(iter(mine + brokers), None)

"""The name of a variable → whether it holds a secret, and what it is called when it binds the server."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

_SECRET = frozenset({"SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "PWD", "TOKEN", "KEY", "CREDENTIALS", "DSN",
                     "APIKEY", "SALT", "PW", "PRIVKEY"})  # fmt: skip
#: `ACCESS_TOKEN_EXPIRE_MINUTES`, `API_KEY_HEADER` and `PUBLIC_KEY` tell nobody a secret.
_ABOUT = frozenset(
    {
        "ALGORITHM", "AUDIENCE", "COUNT", "DAYS", "DURATION", "ENABLED", "EXPIRATION", "EXPIRE", "EXPIRES",
        "EXPIRY", "HEADER", "HOURS", "INTERVAL", "ISSUER", "LENGTH", "LIFETIME", "LIMIT", "MAX", "MIN",
        "MINUTES", "NAME", "PATH", "PREFIX", "PUBLIC", "SECONDS", "SIZE", "TTL", "TYPE", "URL", "WINDOW",
    }
)  # fmt: skip

#: The process's own surroundings, which nobody configures a backend with.
FOREIGN = frozenset(
    {
        "HOME", "PATH", "PWD", "USER", "TMPDIR", "TEMP", "PYTHONPATH", "TERM", "SHELL", "PYTEST_CURRENT_TEST",
        "PYTEST_VERSION", "PYTHONHASHSEED", "CI", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME", "XDG_DATA_HOME", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "HOSTNAME",
    }
)  # fmt: skip


def is_secret(name: str, default: str | None = None) -> bool:
    """Whether a variable holds what nobody else may know, by the words of its name, or by a password in its default."""
    words = set(re.split(r"[_\W]+", name.upper()))
    in_url = re.search(r"://[^/@:\s]*:[^/@\s]+@", default or "") is not None
    told = not words.isdisjoint(_SECRET) or any(word.endswith(("PASSWORD", "SECRET", "TOKEN")) for word in words)
    return in_url or (told and words.isdisjoint(_ABOUT))


#: What a variable that binds the server may be called, without the project's own prefix; the likeliest first.
_ROLES: Mapping[str, tuple[str, ...]] = {
    "host": ("HOST", "BIND_HOST", "LISTEN_HOST", "BIND_ADDRESS"),
    "port": ("PORT", "BIND_PORT", "LISTEN_PORT"),
    "log_level": ("LOG_LEVEL", "LOGLEVEL", "LOGGING_LEVEL"),
}
_SERVERS = ("APP", "SERVER", "API", "WEB", "HTTP", "UVICORN", "SERVICE", "BACKEND", "LOG")

#: Words of a prefix that say that the variables are about something else than the server.
_STORES = frozenset(
    {
        "AMQP", "CELERY", "DATABASE", "DB", "ELASTIC", "EMAIL", "KAFKA", "LDAP", "MAIL", "MEMCACHED", "MINIO", "MONGO",
        "MONGODB", "MQTT", "MYSQL", "PG", "POSTGRES", "POSTGRESQL", "PROXY", "RABBITMQ", "REDIS", "SMTP", "SOLR",
    }
)  # fmt: skip


def called(role: str, found: Collection[str]) -> str | None:
    """The variable of the server's `host`, `port` or `log_level`, by its name alone."""
    prefixes = ("", *(f"{word}_" for word in _SERVERS), *_own_prefixes(found))
    wanted = (prefix + name for prefix in prefixes for name in _ROLES[role])
    return next((name for name in wanted if name in found), None)


def _own_prefixes(found: Collection[str]) -> Iterator[str]:
    """`TASKS_`, when at least half of the variables, and three, begin so: the project's own."""
    starts = Counter(name[: match.end()] for name in found for match in re.finditer("_", name))
    for start, count in sorted(starts.items(), key=lambda pair: (-pair[1], pair[0])):
        if count >= max(3, len(found) / 2) and _STORES.isdisjoint(start.split("_")):
            yield start

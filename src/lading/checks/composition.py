"""The text of compose files → their services, with the line of each: production's, and what development changes.

Compose's merge of two files is not done here: production is one file, and of the other one is judged what it adds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lading.detect import evidence_yaml
from lading.detect.evidence_yaml import Node
from lading.model import Plan

#: The names that Compose looks for, in its order; each with those of the file that it reads beside it.
NAMES: Mapping[str, tuple[str, ...]] = {
    f"{stem}.{end}": tuple(f"{stem}.override.{other}" for other in ("yml", "yaml"))
    for stem in ("compose", "docker-compose")
    for end in ("yaml", "yml")
}

#: What a store's image is called, whoever packed it, and the folder that its data are in.
STORES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "postgresql": (r"postgres(?:ql)?|postgis|pgvector|timescaledb.*|supabase", ("/var/lib/postgresql", "/bitnami")),
    "mysql": (r"mysql|mariadb|percona", ("/var/lib/mysql", "/bitnami")),
    "mongodb": (r"mongo|mongodb.*", ("/data/db", "/bitnami")),
    "redis": (r"redis|redis-stack.*|valkey|keydb|dragonfly", ("/data", "/bitnami")),
    "amqp": (r"rabbitmq|lavinmq", ("/var/lib/rabbitmq", "/var/lib/lavinmq", "/bitnami")),
    "kafka": (r"kafka|cp-kafka|redpanda", ("/var/lib/kafka", "/var/lib/redpanda", "/bitnami")),
    "nats": (r"nats", ("/data",)),
    "memcached": (r"memcached", ()),
}

_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::?([-?+])([^}]*))?\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class Service:
    """One service of one file."""

    name: str
    path: str
    node: Node

    @property
    def where(self) -> str:
        return f"{self.path}:{self.node.key or self.node.line}"

    def at(self, node: Node | None) -> str:
        """The place of a value of it; a value that a merge brought stands where it is written."""
        return f"{self.path}:{node.key or node.line}" if node else self.where

    def get(self, *keys: str) -> Node | None:
        return self.node.get(*keys)

    def text(self, *keys: str) -> str:
        """A value with its variables replaced by their defaults; empty where there is none."""
        found = self.get(*keys)
        return plain(found.text) if found else ""

    def words(self, *keys: str) -> tuple[str, ...]:
        """A list of texts, or the one text that stands for it."""
        found = self.get(*keys)
        if found is None:
            return ()
        return tuple(plain(one.text) for one in found.items) or ((plain(found.text),) if found.text else ())

    def pairs(self, key: str) -> dict[str, Node]:
        """`environment` and its like, which may be a mapping or a list of `NAME=value`; no value is no pair."""
        found = self.get(key)
        if found is None:
            return {}
        listed = (
            (name, Node(value, one.line, one.key))
            for one in found.items
            for name, equals, value in (one.text.partition("="),)
            if equals
        )
        return {**{name: one for name, one in found.table.items() if one.text}, **dict(listed)}

    @property
    def waits(self) -> dict[str, tuple[str, Node]]:
        """The services that it waits for, each with the condition, which is empty where none is said."""
        found = self.get("depends_on")
        if found is None:
            return {}
        named = {name: ((one.get("condition") or Node("", 0)).text, one) for name, one in found.table.items()}
        return named | {one.text: ("", one) for one in found.items}

    @property
    def networks(self) -> tuple[str, ...]:
        found = self.get("networks")
        return () if found is None else tuple(found.table) or tuple(one.text for one in found.items)

    @property
    def kind(self) -> str:
        """The kind of store that it is, by its image; empty for anything else."""
        image = self.text("image").partition("@")[0]
        name = posixpath.basename(image).partition(":")[0].lower()
        return next((kind for kind, (names, _) in STORES.items() if re.fullmatch(names, name)), "")

    @property
    def ends(self) -> bool:
        """Whether it is to end by itself, as what only migrates does."""
        return self.text("restart") in {"no", "on-failure"} and self.get("ports") is None and not self.kind


@dataclass(frozen=True, slots=True)
class File:
    """A compose file: `unread` are lines that nothing was read from."""

    path: str
    root: Node
    unread: Mapping[int, str]

    @property
    def services(self) -> dict[str, Service]:
        found = self.root.get("services")
        return {name: Service(name, self.path, node) for name, node in found.table.items()} if found else {}

    def declared(self, kind: str) -> Mapping[str, Node]:
        """The top level's `volumes`, `secrets`, `networks`, `configs`."""
        found = self.root.get(kind)
        return found.table if found else {}


def read(files: Mapping[str, str], plan: Plan) -> tuple[File, File | None]:
    """Production's file, and the one that development adds, out of `files`; an empty one where there is none.

    They stand in the folder of the stack, or are the root's.
    """
    folders = dict.fromkeys((plan.layout.home, "."))
    bases = (posixpath.normpath(posixpath.join(folder, name)) for folder in folders for name in NAMES)
    base = next((path for path in bases if path in files), "")
    folder, name = posixpath.split(base)
    others = (posixpath.join(folder, one) for one in NAMES.get(name, ()))
    more = next((path for path in others if path in files), None)
    return _file(base, files.get(base, "")), _file(more, files[more]) if more else None


@lru_cache(maxsize=8)  # every check of the stack asks for the same two
def _file(path: str, text: str) -> File:
    return File(path, *evidence_yaml.read_strictly(text))


def ours(service: Service, plan: Plan) -> bool:
    """Whether a service runs the backend's own image."""
    built = service.get("build")
    if built is None:
        return False
    file = plain((built.get("dockerfile") or Node("", 0)).text) or "Dockerfile"
    context = plain((built.get("context") or built).text) or "."
    return posixpath.normpath(posixpath.join(posixpath.dirname(service.path), context, file)) in {
        plan.layout.dockerfile, posixpath.join(plan.layout.code, "Dockerfile"),
    }  # fmt: skip


def beside(path: str, node: Node) -> str:
    """The path that a compose file means, which stands at `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), plain(node.text)))


def plain(text: str) -> str:
    """`text` with `${NAME:-default}` replaced by the default, and by nothing where there is none."""
    return _VARIABLE.sub(lambda found: found[3] or "" if found[2] == "-" else "$" if found[0] == "$$" else "", text)


def mounts(service: Service) -> Iterator[tuple[str, str, Node]]:
    """What is mounted: the source, empty for an anonymous volume, the place, and the value that says so."""
    found = service.get("volumes")
    for one in found.items if found else ():
        if one.table:
            yield plain((one.get("source") or Node("", 0)).text), (one.get("target") or one).text, one
        else:
            parts = plain(one.text).split(":")
            yield (parts[0] if len(parts) > 1 else ""), parts[1] if len(parts) > 1 else parts[0], one


def published(service: Service) -> Iterator[tuple[str, str, Node]]:
    """What this machine's ports lead to: the address that is bound, empty for all, the container's port, the value."""
    found = service.get("ports")
    for one in found.items if found else ():
        if one.table:
            address = plain((one.get("host_ip") or Node("", 0)).text)
            yield address, plain((one.get("target") or Node("", 0)).text), one
            continue
        text = plain(one.text).partition("/")[0]
        host, _, inside = text.rpartition(":")
        address = host.rpartition(":")[0] if ":" in host else ""
        yield address, inside, one


def seconds(text: str) -> float | None:
    """`1m30s` as seconds; None for what is no duration."""
    if not re.fullmatch(r"(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+", text):
        return None
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(us|ms|s|m|h)", text))

"""The services that a plan needs → real ones beside the containers that are observed, each as compose starts it.

One of each for all starts, on a network of the observation's own, with passwords that were made for it. A start gets a
database of its own in it, so that it is seen to migrate from empty.
"""

from __future__ import annotations

import os
import secrets as random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from lading.errors import Outside
from lading.model import Backing, Plan, Progress
from lading.observe import databases
from lading.observe.client import MOVE, Client
from lading.plan.services import switch
from lading.render import secrets, stores
from lading.render.stores import Store

#: Seconds beyond the start period of a service: the machine may be busy with the others.
_PATIENCE = 60.0

#: More than the stack in production needs: an observation has many starts at once, each with databases of its own.
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("postgres", "-c", "max_connections=500", "-c", "fsync=off"),
    "mariadb": ("mariadbd", "--max-connections=500"),
    "mysql": ("mysqld", "--max-connections=500"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Services that run, and what a container needs to reach them."""

    client: Client
    plan: Plan
    needed: tuple[Backing, ...]  # of which the last may be the database that a variable switches to
    stores: tuple[Store, ...]
    prefix: str  # of the names of the containers
    network: str
    passwords: Mapping[str, str]
    addresses: Mapping[str, str]  # host → number, as no engine's own names need be there
    made: list[str] = field(default_factory=list)  # the databases, by the starts that they are of
    lock: Lock = field(default_factory=Lock)

    @property
    def images(self) -> tuple[str, ...]:
        """What they were started from."""
        return tuple(store.image for store in self.stores)

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `create` for a container that is to reach them."""
        hosts = (part for name, number in self.addresses.items() for part in ("--add-host", f"{name}:{number}"))
        return ("--network", self.network, *hosts)

    def environment(self, owner: str, *, switched: bool = False) -> dict[str, str]:
        """The variables for the start `owner`, whose databases are made the first time; `switched`: another kind."""
        with self.lock:
            fresh = owner not in self.made
            if fresh:
                self.made.append(owner)
            number = self.made.index(owner)
        out: dict[str, str] = {}
        there: set[str] = set()
        for one in self.needed:
            store = stores.of(one, self.plan)
            if store is None or (one not in self.plan.backing and not switched):
                continue
            database = str(number % 64) if one.kind == "redis" else databases.name(owner)
            # Several variables may lead to one server: a writer's and a reader's.
            if fresh and store.name not in there:
                databases.make(self.client, self._container(store), one.kind, database)
                there.add(store.name)
            out |= self._variables(one, store, database)
        return out

    def masked(self, text: str) -> str:
        """`text` without the passwords."""
        for password in self.passwords.values():
            text = text.replace(password, "…")
        return text

    def revisions(self, owner: str) -> dict[str, tuple[str, ...]]:
        """What was applied to the databases of the start `owner`, of those that have a table of it."""
        found = {}
        for one in self.needed if owner in self.made else ():
            store = stores.of(one, self.plan)
            where = (self._container(store), one.kind, owner) if store else None
            rows = databases.revisions(self.client, *where, self.plan.migrations) if where else ()
            if store and rows:
                found[f"{one.kind}:{databases.name(owner)}"] = rows
        return found

    def stamp(self, owner: str, revision: str) -> None:
        """Say in the database of the start `owner` that it is at `revision`. Raises `Outside` where that fails."""
        for one in self.needed:
            store = stores.of(one, self.plan)
            if store and one.role == "database":
                where = (self._container(store), one.kind, owner)
                databases.stamp(self.client, *where, revision, self.plan.migrations)

    def _container(self, store: Store) -> str:
        return f"{self.prefix}-{store.name}"

    def _variables(self, one: Backing, store: Store, database: str) -> dict[str, str]:
        if one.variable:
            return {one.variable: secrets.url(one, self.plan, store, database).format_map(self.passwords)}
        known = {"host": store.name, "port": str(store.port), "database": database}
        if store.secrets:
            known["user"], known["password"] = stores.account(one.kind), self.passwords[stores.PASSWORDS[one.kind]]
            known["credentials"] = secrets.credentials(one).format_map(self.passwords)
        return {name: known[part] for part, name in one.parts.items() if part in known}


def needed(plan: Plan) -> tuple[Backing, ...]:
    """The services of `plan` that can be started, and the database that a variable switches to, if one does."""
    there = tuple(one for one in plan.backing if stores.of(one, plan))
    other = switch(plan)
    return (*there, other) if other else there


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """Services that were started and need not answer yet."""

    services: Services
    began: float


def begin(client: Client, plan: Plan, folder: Path, label: str, progress: Progress) -> Begun | None:
    """Start the services of `plan`, and wait for none; None where it needs none.

    What is made has `label`, and a name that begins as `folder` is called. Raises `Outside` for an image that cannot
    be had, and where the engine starts none.
    """
    wanted = needed(plan)
    found = {store.name: store for one in wanted if (store := stores.of(one, plan))}
    if not found:
        return None
    progress(f"starting {', '.join(store.image for store in found.values())}")
    for store in found.values():
        _pull(client, store.image, progress)
    network = folder.name
    client.ask("network", "create", "--label", label, network)
    files = _secrets(plan, wanted, folder)
    for store in found.values():
        client.ask("run", *_options(store, folder, label, network), *client.options, store.image, *_command(store))
    where = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    services = Services(
        client=client, plan=plan, needed=tuple(wanted), stores=tuple(found.values()), prefix=folder.name,
        network=network, passwords=files,
        addresses={
            name: client.ask("inspect", "--format", where, f"{folder.name}-{name}").strip() for name in found
        },
    )  # fmt: skip
    return Begun(services=services, began=time.monotonic())


def ready(begun: Begun | None, progress: Progress) -> Services | None:
    """Wait until every service says that it is well. Raises `Outside`, with its last words, when one does not."""
    if begun is None:
        return None
    services = begun.services
    pool = ThreadPoolExecutor(len(services.stores))
    try:
        list(pool.map(lambda store: _wait(services, store, begun.began), services.stores))
    finally:
        # Without waiting: what a thread waits for ends with the containers, also when we are interrupted.
        pool.shutdown(wait=False, cancel_futures=True)
    progress(f"services: ready after {time.monotonic() - begun.began:.1f} s")
    return services


def _pull(client: Client, image: str, progress: Progress) -> None:
    if client.tell("image", "inspect", image).status == 0:
        return
    progress(f"pulling {image}")
    done = client.tell("pull", image, timeout=MOVE)
    if done.status:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.status}"]
        raise Outside(
            f"the image `{image}`, which the backend's services need, cannot be pulled: {said[-1]}",
            hint=f"`{os.path.basename(client.program)} pull {image}` where there is a network, and try again",
        )


def _secrets(plan: Plan, wanted: Sequence[Backing], folder: Path) -> dict[str, str]:
    """Write the files of the services' passwords below `folder`, as compose mounts them, and return the values."""
    made = replace(plan, backing=tuple(wanted), variables=())
    texts = secrets.missing(made, {}, lambda: random.token_hex(16))
    (folder / secrets.FOLDER).mkdir()
    for path, text in texts.items():
        (folder / path).write_text(text)
        (folder / path).chmod(0o644)
    return secrets.values(made, texts)


def _options(store: Store, folder: Path, label: str, network: str) -> Iterator[str]:
    """The options of `run`: what the compose files say of the service."""
    yield from ("--detach", "--name", f"{folder.name}-{store.name}", "--label", label)
    yield from ("--network", network, "--hostname", store.hostname or store.name)
    yield from ("--user", store.user, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    for place in store.tmpfs:
        yield from ("--tmpfs", place)
    yield from ("--volume", store.folder)  # without a name: it goes with the container
    for name, value in store.environment.items():
        yield from ("--env", f"{name}={value}")
    if store.name in {"mariadb", "mysql"}:  # who makes the databases must be known
        yield from ("--env", f"{store.name.upper()}_ROOT_PASSWORD_FILE=/run/secrets/mysql_password")
        yield from ("--env", f"{store.name.upper()}_RANDOM_ROOT_PASSWORD=")
    for name, path in store.secrets.items():
        yield from ("--volume", f"{folder / secrets.FOLDER / name}:{path or f'/run/secrets/{name}'}:ro")


def _command(store: Store) -> tuple[str, ...]:
    if store.name == "redis":
        return ("redis-server", *(f"/run/secrets/{name}" for name in store.secrets), "--databases", "64")
    return _COMMANDS.get(store.name, store.command)


def _wait(services: Services, store: Store, began: float) -> None:
    client, name = services.client, f"{services.prefix}-{store.name}"
    argv = store.check
    if argv[0] == "CMD-SHELL":
        argv = ("sh", "-c", argv[1].replace("$$", "$"))  # as Compose would read it
    while client.tell("exec", name, *argv).status:
        state = client.ask("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name).split()
        late = time.monotonic() - began > store.start_period + _PATIENCE
        if late or state[0] not in {"created", "running", "configured", "initialized"}:
            done = client.tell("logs", "--tail", "5", name)
            said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines() or ["nothing"]
            how = f"was not well after {time.monotonic() - began:.0f} s" if late else f"ended with status {state[-1]}"
            raise Outside(f"the service {store.image} {how}, and said: {said[-1]}")
        time.sleep(0.2)

"""Compose files, whoever wrote them → whether the stack in them is whole: what it is made of, who waits for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lading.checks import composition
from lading.checks.composition import File, Service
from lading.checks.evidence import Check, Said, counted, failed, passed, skipped, unknown
from lading.detect.evidence_yaml import Node
from lading.model import Finding, Plan

_KINDS = {"volumes": "volume", "networks": "network", "secrets": "secret", "configs": "config"}
_ELSEWHERE = ("include", "extends")


def compose_valid(files: Mapping[str, str], plan: Plan) -> Said:
    """The compose files can be read, and every service, volume, network and secret that they name is there.

    Each service has an image or is built, waits for services that exist, and uses volumes, networks and secrets that
    the top level declares. What `include` and `extends` bring was not read, so that nothing is said of it.
    Source: S3-2; the Compose Specification, "Services", "depends_on".
    """
    base, more = composition.read(files, plan)
    both = [base, *((more,) if more else ())]
    if not base.path:
        return unknown("there is no compose file to read")
    out = [failed(f"the line {why}", where=f"{file.path}:{line}") for file in both for line, why in file.unread.items()]
    if not out and not base.services:
        out.append(failed("there are no services", where=base.path))
    names = {name for file in both for name in file.services}
    declared = {kind: {name for file in both for name in file.declared(kind)} for kind in _KINDS}
    for file in both:
        for service in file.services.values():
            if far := next((service.get(key) for key in _ELSEWHERE if service.get(key)), None):
                out.append(unknown(f"`{service.name}` extends another, which was not read: {service.at(far)}"))
                continue
            out += _incomplete(service, base, names, declared)
    if base.root.get("include"):
        out.append(unknown(f"{base.path} includes other files, which were not read"))
    seen = ", ".join(f"{counted(len(file.services), 'service')} in {file.path}" for file in both)
    return out or passed(f"{seen}; all that they name is declared")


def _incomplete(service: Service, base: File, names: set[str], declared: Mapping[str, set[str]]) -> Iterator[Finding]:
    added = service.path != base.path and service.name in base.services
    if not (service.get("image") or service.get("build") or added):
        yield failed(f"`{service.name}` has no image and is not built", where=service.where)
    for other, (_, node) in service.waits.items():
        if other not in names:
            yield failed(f"`{service.name}` waits for `{other}`, and there is no such service", where=service.at(node))
    for kind, name, node in _uses(service):
        if name not in declared[kind]:
            said = f"`{service.name}` uses the {_KINDS[kind]} `{name}`, which is not declared"
            yield failed(said, where=service.at(node), hint=f"declare it under `{kind}:`")


def _uses(service: Service) -> Iterator[tuple[str, str, Node]]:
    for source, _, node in composition.mounts(service):
        if source and not source.startswith((".", "/", "~", "$")) and (node.get("type") or node).text != "bind":
            yield "volumes", source, node
    networks = service.get("networks") or Node("", 0)
    yield from (("networks", name, networks) for name in service.networks if name != "default")
    for kind in ("secrets", "configs"):
        for one in (service.get(kind) or Node("", 0)).items:
            name = (one.get("source") or Node("", 0)).text if one.table else one.text
            yield kind, name, one


def compose_health(files: Mapping[str, str], plan: Plan) -> Said:
    """Every service that goes on running has a health check, and whoever needs a store waits until it is well.

    A service of the backend's own image has that image's HEALTHCHECK, unless it is disabled. `depends_on` by a bare
    name waits for a process, not for a database; `service_completed_successfully` waits for what ends by itself.
    Source: S3-2; the Compose Specification, "depends_on", long syntax.
    """
    base, _ = composition.read(files, plan)
    services = base.services
    if not services:
        return unknown("there is no compose file to read")
    out: list[Finding] = []
    waited = {other for service in services.values() for other in service.waits}
    for service in services.values():
        test = service.words("healthcheck", "test")
        off = service.text("healthcheck", "disable") == "true" or test[:1] == ("NONE",)
        own = composition.ours(service, plan)
        ends = _completes(service.name, services) or (service.ends and service.name not in waited)
        if (off or not (test or own)) and not ends:
            out.append(failed(f"`{service.name}` has no health check", where=service.at(service.get("healthcheck"))))
        if own and {"curl", "wget"} & {word for text in test for word in text.split()}:
            said = f"the health check of `{service.name}` asks with a program that its image does not have"
            out.append(failed(said, where=service.at(service.get("healthcheck"))))
        out += _conditions(service, services)
        if (
            service.kind
            and service.name not in waited
            and any(composition.ours(one, plan) for one in services.values())
        ):
            out.append(failed(f"nobody waits for `{service.name}`", where=service.where))
    edges = sum(len(service.waits) for service in services.values())
    return out or passed(f"{counted(len(services), 'service')}, watched; {counted(edges, 'wait')} for what is well")


def _completes(name: str, services: Mapping[str, Service]) -> bool:
    told = [service.waits[name][0] for service in services.values() if name in service.waits]
    return bool(told) and set(told) == {"service_completed_successfully"}


def _conditions(service: Service, services: Mapping[str, Service]) -> Iterator[Finding]:
    for other, (condition, node) in service.waits.items():
        where, one = service.at(node), services.get(other)
        if condition in {"", "service_started"}:
            hint = "say `condition: service_healthy`"
            yield failed(f"`{service.name}` waits only until `{other}` has started", where=where, hint=hint)
        elif condition not in {"service_healthy", "service_completed_successfully"}:
            yield failed(f"`{service.name}` waits for `{condition}`, which is no condition", where=where)
        elif (
            one
            and condition == "service_completed_successfully"
            and (one.kind or one.text("restart") in {"always", "unless-stopped"})
        ):
            yield failed(f"`{service.name}` waits until `{other}` ends, which it never does", where=where)


def compose_network(files: Mapping[str, str], plan: Plan) -> Said:
    """The stack has a network of its own, and whoever waits for a service can reach it.

    Where nothing is said, Compose makes a default one; what is said is what somebody else's service is kept out of.
    Source: S3-2; the Compose Specification, "networks".
    """
    base, _ = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    own = {name for name, node in base.declared("networks").items() if (node.get("external") or node).text != "true"}
    out = []
    if not own:
        out.append(failed("no network of its own is declared", where=base.path, hint="name one under `networks:`"))
    for service in base.services.values():
        mode = service.get("network_mode")
        if mode is not None:
            out.append(failed(f"`{service.name}` has the network mode `{mode.text}`", where=service.at(mode)))
        elif own and not own & set(service.networks):
            out.append(failed(f"`{service.name}` is not in the network of the stack", where=service.where))
        for other, (_, node) in service.waits.items():
            there = base.services.get(other)
            if there and mode is None and not set(service.networks or ["default"]) & set(there.networks or ["default"]):
                out.append(
                    failed(f"`{service.name}` cannot reach `{other}`: no network is both's", where=service.at(node))
                )
    return out or passed(
        f"{counted(len(base.services), 'service')} in {', '.join(f'`{name}`' for name in sorted(own))}"
    )


def compose_covers_services(files: Mapping[str, str], plan: Plan) -> Said:
    """The stack has the server, each worker and scheduler, and each database, cache and broker that the plan knows.

    A store is known by its image, a process of the backend by its command. Source: S3-2 and S4-6.
    """
    base, _ = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    mine = [service for service in base.services.values() if composition.ours(service, plan)]
    kinds = {service.kind for service in base.services.values()}
    servers = (one for one in plan.backing if not one.default.get("scheme", "").startswith("sqlite"))
    wanted = dict.fromkeys(one.kind for one in servers)
    out = [
        failed(f"no service is a {kind} store, and the plan has one", where=base.path)
        for kind in wanted
        if kind not in kinds
    ]
    commands = {service.name: " ".join(service.words("command")) for service in mine}
    for one in plan.programs:
        named = {one.name, one.kind, one.target}
        if not any(one.role in text.split() or named & set(text.split()) for text in commands.values()):
            out.append(failed(f"no service is the {one.role} `{one.name}`", where=base.path))
    words = {word for one in plan.programs for word in (one.role, one.kind, one.name)}
    if not any(not words & set(text.split()) for text in commands.values()):
        hint = f"a service with `build:` whose Dockerfile is {plan.layout.dockerfile}"
        out.append(failed("no service is the server, built here", where=base.path, hint=hint))
    found = [*(f"{kind} store" for kind in wanted), *(f"{one.role} `{one.name}`" for one in plan.programs)]
    return out or passed(", ".join(["the server", *found]))


def compose_volumes(files: Mapping[str, str], plan: Plan) -> Said:
    """What databases and brokers keep is on named volumes, and so is what the backend keeps.

    An anonymous volume is lost with its container; a folder of the machine has an owner that no image knows.
    Source: S3-2; the Compose Specification, "volumes".
    """
    base, _ = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    out, count = [], 0
    for service in base.services.values():
        own = composition.ours(service, plan)
        folders = (plan.volume,) if own else composition.STORES[service.kind][1] if service.kind else ()
        if not folders or service.ends:
            continue
        there = [(source, node) for source, place, node in composition.mounts(service) if _in(place, folders)]
        if not there:
            said = f"`{service.name}` keeps what is in {folders[0]} on no volume"
            out.append(failed(said, where=service.where, hint=f"mount a named volume at {folders[0]}"))
        for source, node in there:
            count += 1
            if not source or source.startswith((".", "/", "~")):
                kind = f"the folder `{source}`" if source else "an anonymous volume"
                out.append(failed(f"`{service.name}` keeps its data on {kind}", where=service.at(node)))
    return out or (
        passed(f"{counted(count, 'named volume')} for the data") if count else skipped("nothing here keeps anything")
    )


def _in(place: str, folders: tuple[str, ...]) -> bool:
    return any(place == folder or place.startswith(folder.rstrip("/") + "/") for folder in folders)


CHECKS: tuple[Check, ...] = (
    compose_valid,
    compose_health,
    compose_network,
    compose_covers_services,
    compose_volumes,
)

"""Compose files, whoever wrote them → what the stack opens, what its containers may do, and where its secrets are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from lading import gitignore
from lading.checks import composition, secrets
from lading.checks.composition import Service
from lading.checks.evidence import Check, Said, counted, failed, passed, unknown
from lading.detect.evidence_yaml import Node
from lading.model import Finding, Plan

_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+|\[?::1\]?|localhost")
#: What stands before an application, and is published in its place.
_PROXIES = re.compile(r"nginx|nginx-unprivileged|caddy|traefik|haproxy|envoy|httpd")
_DEFAULT_GRACE = 10.0  # the Compose Specification, "stop_grace_period"
_NO_SECRET = re.compile(r"(?:^|_)(?:RANDOM|ALLOW_EMPTY|EXPIRE|FILE)(?:_|$)", re.IGNORECASE)
_URL = re.compile(r"[a-z][\w+.-]*://[^\s:/@]*:(?P<password>[^\s/@]+)@")
#: The capabilities that are as good as root's.
_MIGHTY = {"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_OVERRIDE", "DAC_READ_SEARCH"}


def compose_ports(files: Mapping[str, str], plan: Plan) -> Said:
    """Production publishes the application's port alone; development opens the rest to this machine only.

    A database that is published on every address is reached around the machine's firewall: Docker's own rules come
    before it. A proxy may be published in the application's place. Source: S3-2; CIS Docker Benchmark 5.9 and 5.14;
    Docker's "Packet filtering and firewalls".
    """
    base, more = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    out: list[Finding] = []
    seen: list[str] = []
    for service in base.services.values():
        proxy = _PROXIES.fullmatch(posixpath.basename(service.text("image")).partition(":")[0])
        own = composition.ours(service, plan)
        for _, port, node in composition.published(service):
            seen.append(port)
            if not proxy and not (own and port == plan.port.default):
                hint = "services of a stack reach each other without it"
                out.append(
                    failed(f"`{service.name}` publishes port {port} in production", where=service.at(node), hint=hint)
                )
    local = 0
    for service in more.services.values() if more else ():
        for address, port, node in composition.published(service):
            local += 1
            if not _LOOPBACK.fullmatch(address):
                said = f"`{service.name}` opens port {port} to every address in development"
                out.append(failed(said, where=service.at(node), hint=f"`127.0.0.1:{port}:{port}`"))
    beside = f", development {local} more on the loopback" if local else ""
    return out or passed(f"production publishes {', '.join(seen) or 'nothing'}{beside}")


def compose_hardened(files: Mapping[str, str], plan: Plan) -> Said:
    """Each container of production may do and take no more than it needs, and is given the time to end.

    A read-only root with a tmpfs, no capabilities, no new privileges, limits of memory, processors and processes, a
    policy for restarts, nothing of the engine or the machine, and for the backend's own at least the grace that its
    server takes to end. Source: S3-2; CIS Docker Benchmark 5.3 to 5.31; the Compose Specification.
    """
    base, _ = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    out = []
    for service in base.services.values():
        missing = list(_missing(service, plan))
        if missing:
            out.append(failed(f"`{service.name}` has {', '.join(missing)}", where=service.where))
        out += _open(service)
    return out or passed(
        f"{counted(len(base.services), 'service')}: read-only, no capabilities, limits, restarts, time to end"
    )


def _missing(service: Service, plan: Plan) -> Iterator[str]:
    if service.text("read_only") != "true":
        yield "no read-only root"
    elif not service.words("tmpfs") and "tmpfs" not in _types(service):
        yield "no tmpfs"
    if "ALL" not in service.words("cap_drop"):
        yield "no `cap_drop: [ALL]`"
    if not {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"} & set(
        service.words("security_opt")
    ):
        yield "no `no-new-privileges`"
    limits = ("deploy", "resources", "limits")
    for what, key, other in (
        ("memory", "mem_limit", "memory"),
        ("processors", "cpus", "cpus"),
        ("processes", "pids_limit", "pids"),
    ):
        if not (service.text(key) or service.text(*limits, other)):
            yield f"no limit of {what}"
    restart = service.text("restart") or service.text("deploy", "restart_policy", "condition")
    if restart in {"", "no", "none"} and not service.ends:
        yield "no policy for restarts"
    grace = service.text("stop_grace_period")
    given = composition.seconds(grace) if grace else _DEFAULT_GRACE
    if composition.ours(service, plan) and (given is None or given < plan.stop_seconds):
        yield f"{grace or '10s'} to end, and its server takes up to {plan.stop_seconds} s"


def _types(service: Service) -> set[str]:
    mounts = service.get("volumes")
    return {kind.text for one in (mounts.items if mounts else ()) if (kind := one.get("type"))}


def _open(service: Service) -> Iterator[Finding]:
    """What gives a container the machine."""
    if service.text("privileged") == "true":
        yield failed(f"`{service.name}` is privileged", where=service.at(service.get("privileged")))
    for key in ("pid", "ipc", "userns_mode", "network_mode", "uts"):
        if service.text(key) == "host":
            yield failed(f"`{service.name}` has the machine's own `{key}`", where=service.at(service.get(key)))
    for capability in service.words("cap_add"):
        if capability.upper().removeprefix("CAP_") in _MIGHTY:
            said = f"`{service.name}` has the capability {capability}"
            yield failed(said, where=service.at(service.get("cap_add")))
    for source, _, node in composition.mounts(service):
        if source.endswith(("docker.sock", "podman.sock", "containerd.sock")):
            said = f"`{service.name}` has the engine's socket, which is root on the machine"
            yield failed(said, where=service.at(node))
        elif source in {"/", "/etc", "/root", "/var/run", "/run", "/proc", "/sys"}:
            yield failed(f"`{service.name}` has the machine's `{source}`", where=service.at(node))


def compose_secrets(files: Mapping[str, str], plan: Plan, context: tuple[str, ...]) -> Said:
    """No value of a secret stands in a file that git has: secrets are files, or come from a `.env` that git ignores.

    Weak ones count: `postgres` as a password is one. A default, as in `${PASSWORD:-postgres}`, is a value as well.
    Values are never shown. Source: S3-2 and S3-6; the Compose Specification, "secrets".
    """
    base, more = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    ignored = gitignore.matcher(files)
    out: list[Finding] = []
    for file in (base, *((more,) if more else ())):
        for service in file.services.values():
            out += _literals(service)
            out += _env_files(service, files, ignored)
        for name, node in file.declared("secrets").items():
            given = node.get("file")
            path = composition.beside(file.path, given) if given else ""
            if node.get("content"):
                out.append(failed(f"the secret `{name}` stands in {file.path}", where=f"{file.path}:{node.key}"))
            elif path in context and not ignored(path):
                said = f"the secret `{name}` is in `{path}`, which git does not ignore"
                out.append(failed(said, where=f"{file.path}:{node.key}", hint="add it to .gitignore, and change it"))
    for path in context:
        if posixpath.basename(path) == ".env" and not ignored(path):
            out += _held(path, files)
    by_file = sum(len(file.declared("secrets")) for file in (base, *((more,) if more else ())))
    return out or passed(f"no value of a secret; {counted(by_file, 'secret')} in files that git does not have")


def _literals(service: Service) -> Iterator[Finding]:
    hint = "give it as a file: `secrets:` and NAME_FILE; or say it in .env"
    named = [*service.pairs("environment").items(), *service.pairs("labels").items()]
    build = service.get("build")
    if build and build.get("args"):
        named += Service(service.name, service.path, build).pairs("args").items()
    for name, node in named:
        value = composition.plain(node.text)
        if value and secrets.named(name) and not _NO_SECRET.search(name) and not value.startswith("/run/secrets/"):
            yield failed(f"`{service.name}` has a value for `{name}`", where=service.at(node), hint=hint)
        elif _password(value):
            yield failed(f"`{service.name}` has a password in the URL `{name}`", where=service.at(node), hint=hint)
    for key in ("command", "entrypoint"):
        text = " ".join(service.words(key))
        if _password(text) or re.search(r"--(?:requirepass|password|pass)[= ]\S", text):
            yield failed(f"`{service.name}` has a password in its {key}", where=service.at(service.get(key)), hint=hint)


def _password(text: str) -> bool:
    """Whether a URL in `text` has a password; what was a variable is empty by now."""
    return _URL.search(text) is not None


def _env_files(service: Service, files: Mapping[str, str], ignored: gitignore.Ignored) -> Iterator[Finding]:
    found = service.get("env_file")
    for one in (found.items or [found]) if found else ():
        path = composition.beside(service.path, one.get("path") or one)
        if not ignored(path):
            yield from _held(path, files)


def _held(path: str, files: Mapping[str, str]) -> Iterator[Finding]:
    """The secrets in a file of variables that git does not ignore; one without any is no defect."""
    if path not in files and posixpath.basename(path) == ".env":
        yield failed(f"git does not ignore `{path}`, which was not read", where=path, hint="add it to .gitignore")
    for number, line in enumerate(files.get(path, "").splitlines(), 1):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        value = value.strip().strip("\"'")
        held = value and not _NO_SECRET.search(name) and (secrets.named(name) or _password(value))
        if equals and held and not name.startswith("#"):
            said = f"`{path}` has a value for `{name}`, and git does not ignore it"
            hint = "change the value, add the file to .gitignore, and `git rm --cached` it where git has it"
            yield failed(said, where=f"{path}:{number}", hint=hint)


def compose_pinned_images(files: Mapping[str, str], plan: Plan) -> Said:
    """Every image that is pulled has a tag that is not `latest`, or a digest.

    What is built here may be called as it likes. Source: CIS Docker Benchmark 5.28; the Compose Specification, "image".
    """
    base, more = composition.read(files, plan)
    if not base.services:
        return unknown("there is no compose file to read")
    out: list[Finding] = []
    seen: list[str] = []
    for file in (base, *((more,) if more else ())):
        for service in file.services.values():
            node = service.get("image")
            first = base.services.get(service.name, service)
            if node is None or service.get("build") or first.get("build"):
                continue
            out += _floating(service, node)
            seen.append(composition.plain(node.text))
    return out or passed(f"{counted(len(seen), 'image')} pulled: {', '.join(seen) or 'none'}")


def _floating(service: Service, node: Node) -> Iterator[Finding]:
    image = composition.plain(node.text)
    tag = posixpath.basename(image).partition(":")[2]
    if "@sha256:" in image or (node.text.startswith("${") and not image):
        return
    if not tag or tag == "latest":
        said = f"`{service.name}` takes whatever `{image}` is today"
        yield failed(said, where=service.at(node), hint="say a version, as in `postgres:16`")


CHECKS: tuple[Check, ...] = (compose_ports, compose_hardened, compose_secrets, compose_pinned_images)

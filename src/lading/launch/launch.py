"""What a container of this image runs: it checks the environment, waits for what it needs, migrates, and steps aside.

    serve             (what an image does by itself) the server
    worker [NAME]     a process that takes work from a queue
    scheduler [NAME]  a process that starts work on time
    migrate           bring the database to the image's newest revision, and end
    check             import the application, print the environment that it reads, and end
    run -- PROGRAM    any other program, in the same environment
    healthcheck [--ready] [ROLE]   is what runs here alive? With --ready: and is all that it needs there, too?

The program that a role names replaces this one, so that it is process 1 and has the signals. This one stays only where
somebody has to wait for processes that lost their parent, or to heed a second signal, and the program does not; and
before workers and schedulers.

`launch.json`, beside this file, holds what was decided when the image was made; the environment has the last word:
the application's own variables, each also as NAME_FILE, the path of a file that holds the value, and
    LADING_MIGRATE        start: migrate before serving · wait: until somebody else has migrated · off
    LADING_WAIT_SECONDS   how long to wait for a database, a cache, a broker: 60; 0 does not wait
    WEB_CONCURRENCY       processes of the server or the worker, or auto: what the cgroup allows
    LOG_FORMAT            json: our own lines as JSON
Exit status: 0 all is well · 1 it is not · 2 a variable or an argument cannot be used · 3 a service did not answer.

Nothing but the standard library of Python 3.8 or later, of which each role imports only what it needs: the health
check runs every half minute for as long as the container lives.

Length: one file, so that whoever runs it can read all that runs; its sections are in the order of a start.
"""

from __future__ import annotations

import _socket  # what `socket` wraps: its names for constants cost as much as all the rest of a health check
import os
import sys
import time

TYPE_CHECKING = False  # typing alone would cost as much as all that is imported here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

LEVELS = ("critical", "error", "warning", "info", "debug", "trace")
HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.dirname(sys.executable)
SITE = os.path.join(os.path.dirname(BIN), "lib", f"python3.{sys.version_info[1]}", "site-packages")


class Stop(Exception):
    """One sentence for the log, and the status to exit with."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


def main(arguments: list[str]) -> int:
    """Run the role that `arguments` name, and return the exit status."""
    role, rest = (arguments or ["serve"])[0], arguments[1:]
    if role not in ROLES:
        say(f"`{role}` is not a role: say {', '.join(name for name in ROLES if name[0] != '_')}")
        return 2
    with open(os.path.join(HERE, "launch.json"), encoding="utf-8") as file:
        # Its literals are Python's, but for three names; the module json is a fifth of what a health check may cost.
        config = eval(file.read(), {"true": True, "false": False, "null": None})  # noqa: S307
    try:
        if role != "healthcheck":
            import signal

            # The first process of a container ignores every signal that it has no handler for.
            signal.signal(signal.SIGTERM, end)
        ROLES[role](config, dict(os.environ), rest)
    except Stop as stop:
        say(stop)
        # Docker reserves every status but 0 and 1 of a health check.
        return 1 if role == "healthcheck" else stop.status
    except KeyboardInterrupt:
        return 130
    return 0


def end(number: int, _frame: object) -> None:
    """Leave, as a program does that a signal ends."""
    raise SystemExit(128 + number)


# ── roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Bring the database to its newest revision, then become the server."""
    no_more("serve", rest)
    environment(config, env)
    count = concurrency(config, env, config["workers"])
    metrics(config, env, count)
    argv = command(config["server"], config, env, count)
    wait(config, env)
    migrated(config, env)
    become(env, "serve", argv, stay=config["stays"] == "always" or (config["stays"] == "several" and count > 1))


def worker(config: dict[str, Any], env: dict[str, str], rest: list[str], role: str = "worker") -> None:
    """Become the program that takes work from a queue, or with `role` scheduler starts it on time."""
    named = {program["name"]: program for program in config["programs"] if program["role"] == role}
    name = rest[0] if len(rest) == 1 else next(iter(named)) if not rest and len(named) == 1 else ""
    if name not in named:
        known = f"its {role}s are {', '.join(named)}" if named else f"it has no {role}"
        raise Stop(f"`{' '.join([role, *rest])}` is nothing that this image runs: {known}", 2)
    program = named[name]
    environment(config, env)
    # Some know no processes: RQ has one job in hand, arq as many as its settings say.
    count = concurrency(config, env, program["processes"]) if "{count}" in program["argv"] else 1
    argv = command(program["argv"], config, env, count)
    broker = broker_of(program, config)
    address = url(broker, env) if broker else ""
    for variable in program["url_in"] if address else ():
        env.setdefault(variable, address)
    wait(config, env)
    migrated(config, env, "off" if env.get("LADING_MIGRATE") == "off" else "wait")
    # Until they have set their handlers, as process 1 they would ignore a signal, and some never set one.
    become(env, f"{role} {name}", argv, stay=True, hurries=program["hurries"])


def scheduler(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Become the program that starts work on time. Of these there is to be one."""
    worker(config, env, rest, "scheduler")


def migrate(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Bring the database to its newest revision, and end."""
    no_more("migrate", rest)
    environment(config, env)
    wait(config, env)
    migrated(config, env, "start")


def run(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Become any program, in the environment that the application gets."""
    if rest[:1] != ["--"] or len(rest) < 2:
        raise Stop("say what to run: `run -- PROGRAM ARGUMENT…`", 2)
    environment(config, env)
    for folder in [""] if "/" in rest[1] else env.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, rest[1])
        if os.path.isfile(program) and os.access(program, os.X_OK):
            become(env, "run", [program, *rest[2:]], stay=config["stays"] == "always")
    raise Stop(f"there is no program `{rest[1]}` in this image", 2)


def check(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Import the application as the server would, and print what of the environment it reads."""
    no_more("check", rest)
    environment(config, env)
    os.execve(sys.executable, [sys.executable, HERE, "_check"], env)  # noqa: S606


def checked(config: dict[str, Any], env: dict[str, str], _rest: list[str]) -> None:
    """The rest of `check`, with the virtual environment on the path."""
    import importlib

    sys.path[:1] = config["folder"].split(os.pathsep)
    module, _, attribute = config["target"].partition(":")
    found: Any = importlib.import_module(module)
    for name in attribute.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise Stop(f"{config['target']} is a {type(found).__name__}, which no server can call")
    out = [f"{config['target']}: {type(found).__module__}.{type(found).__name__}"]
    for one in config["variables"]:
        shown = "a secret" if one["secret"] else unaccounted(env.get(one["name"], ""))
        unset = f"not set, {one['default']} by default" if one["default"] else "not set"
        out.append(f"{one['name']}: {one['type']}, {shown if one['name'] in env else unset}")
    out += [f"{one['label']}: {host}:{number_}" for one in config["services"] for host, number_ in addresses(one, env)]
    if config["migrations"]:
        out.append(f"{config['migrations']['tool']}: {', '.join(config['migrations']['heads']) or 'no revision'}")
    print("\n".join(out))  # noqa: T201


def unaccounted(text: str) -> str:
    """`text`, without what a URL in it says of user, password and options."""
    scheme, is_url, rest = text.partition("://")
    account, at, rest = rest.rpartition("@")
    if is_url:
        return f"{scheme}://{'…' if account else ''}{at}{rest.partition('?')[0]}"
    return "a secret" if "password=" in text.lower() else text


def no_more(role: str, rest: list[str]) -> None:
    """Refuse arguments that nobody would heed."""
    if rest:
        raise Stop(f"`{' '.join([role, *rest])}` says too much: `{role}` takes no arguments", 2)


def become(env: dict[str, str], role: str, argv: list[str], *, stay: bool, hurries: bool = False) -> None:
    """Be replaced by `argv`; or `stay` as the first process of the container, and attend to it."""
    env["LADING_ROLE"] = role  # by which the health check knows what runs here
    env.setdefault("SPT_NOENV", "1")  # setproctitle, which Celery and RQ use, would write a title over it
    if not stay or os.getpid() != 1:
        import signal

        # Python ignores these, and whoever it becomes would go on to: `yes | head` would not end.
        for number_ in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number_, signal.SIG_DFL)
        try:
            os.execve(argv[0], argv, env)  # noqa: S606
        except (OSError, ValueError) as error:
            raise cannot(argv, error) from None
    status, asked_ = attended(argv, env, hurries=hurries)
    sys.exit(0 if asked_ and status == 128 + asked_ else status)  # that it ended as it was asked to is no failure


def attended(argv: list[str], env: dict[str, str], *, hurries: bool = False) -> tuple[int, int]:
    """Start `argv`, pass signals on to it, and wait for it and for all that is left to us.

    Returns its exit status and the signal that we were asked to end by, 0 where nobody asked. A second SIGTERM or
    SIGINT kills it, unless it `hurries` by itself.
    """
    import signal

    try:
        child_ = os.posix_spawn(argv[0], argv, env, setsigdef=(signal.SIGPIPE, signal.SIGXFSZ))
    except (OSError, ValueError) as error:
        raise cannot(argv, error) from None
    asked: list[int] = []

    def passed(number_: int, _frame: object) -> None:
        stops = number_ in (signal.SIGTERM, signal.SIGINT)
        hard = stops and bool(asked) and not hurries
        asked.extend([number_] if stops else [])
        try:
            os.kill(child_, signal.SIGKILL if hard else number_)
        except ProcessLookupError:
            return  # it has just been waited for

    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
    before = [(getattr(signal, name), signal.signal(getattr(signal, name), passed)) for name in names]
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child_:
            for number_, handler in before:
                signal.signal(number_, handler)
            killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            return (128 + killed if killed else os.WEXITSTATUS(status)), (asked or [0])[0]


def cannot(argv: list[str], error: Exception) -> Stop:
    """What to stop with where `argv` is not started: its format, its interpreter, a variable that is too long."""
    return Stop(f"{argv[0]} cannot be started: {getattr(error, 'strerror', None) or error}", 2)


# ── the environment ──────────────────────────────────────────────────────────────────────────────────────────────────


def environment(config: dict[str, Any], env: dict[str, str]) -> None:
    """Make `env` what the application gets: secrets read from files, words spelled as the code spells them.

    Everything that is wrong is said at once. The value of a secret is never said.
    """
    wrong = [*from_files(config, env)]
    for read in (port, log_level, migrating, waiting):
        try:
            read(config, env)
        except Stop as stop:
            wrong.append(str(stop))
    ours = [config[binding]["variable"] for binding in ("host", "port", "log_level")]
    for name in ours:
        if env.get(name) == "":
            del env[name]
    wrong += [said for one in config["variables"] if one["name"] not in ours for said in spelled(one, env)]
    level, usual = env.get(ours[2]), config["log_level"]["default"]
    if level:
        env[ours[2]] = level.lower() if usual.islower() else level.upper() if usual.isupper() else level
    given = {name.upper() for name in env}
    required = [one["name"] for one in config["variables"] if one["required"]]
    # Such a file may well give them: the application reads it by itself.
    missing = [] if any(map(os.path.isfile, config["env_files"])) else [n for n in required if n.upper() not in given]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        wrong.append(f"{', '.join(missing)} {verb} not set, and the application does not start without")
    if wrong:
        raise Stop("; ".join(wrong), 2)


def spelled(variable: dict[str, Any], env: dict[str, str]) -> Iterator[str]:
    """Spell one of few allowed words as the code does, and say what is wrong with a value."""
    name, text, allowed_ = variable["name"], env.get(variable["name"]), variable["allowed"]
    shown = "something else" if variable["secret"] else f"`{text}`"
    if not text:
        return
    if allowed_:
        found = [word for word in allowed_ if word.lower() == text.lower()]
        env[name] = text if text in allowed_ or not found else found[0]
        if not found:
            yield f"{name} is {shown}, and must be one of {', '.join(allowed_)}"
    elif variable["type"] in ("int", "float"):
        try:
            {"int": int, "float": float}[variable["type"]](text)
        except ValueError:
            yield f"{name} is {shown}, and must be a {'whole ' if variable['type'] == 'int' else ''}number"


def from_files(config: dict[str, Any], env: dict[str, str]) -> Iterator[str]:
    """Set NAME to what is in the file that NAME_FILE names, and say what is wrong with it."""
    known = [variable["name"] for variable in config["variables"]]
    for name in known:
        path = env.get(f"{name}_FILE")
        if not path or f"{name}_FILE" in known:
            continue
        if env.get(name):
            yield f"{name} and {name}_FILE are both set: one of them is enough"
            continue
        try:
            with open(path, encoding="utf-8") as file:
                env[name] = file.read().rstrip("\r\n")
            del env[f"{name}_FILE"]
        except (OSError, ValueError) as error:
            yield f"{name}_FILE is `{path}`, which cannot be read: {getattr(error, 'strerror', 'it is not UTF-8')}"


def value(binding: dict[str, str], env: dict[str, str]) -> str:
    """The value of a variable, or its default where the variable is unset or empty."""
    return env.get(binding["variable"]) or binding["default"]


def port(config: dict[str, Any], env: dict[str, str]) -> int:
    """The port to bind, 0 to 65535."""
    text = value(config["port"], env)
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= 65535:
        return int(text)
    name = config["port"]["variable"]
    # Kubernetes sets NAME_PORT to such a URL in every pod beside a Service called `name`.
    why = ": a Service of Kubernetes sets it, `enableServiceLinks: false` stops that" if "://" in text else ""
    raise Stop(f"{name} is `{text}`, and must be a port from 0 to 65535{why}", 2)


def log_level(config: dict[str, Any], env: dict[str, str]) -> str:
    """The log level by Uvicorn's name for it, which is in lower case."""
    text = value(config["log_level"], env)
    level = {"warn": "warning", "fatal": "critical"}.get(text.lower(), text.lower())
    if level in LEVELS:
        return level
    raise Stop(f"{config['log_level']['variable']} is `{text}`, and must be one of {', '.join(LEVELS)}", 2)


def migrating(_config: dict[str, Any], env: dict[str, str]) -> str:
    """Who migrates: `start`, we; `wait`, somebody else; `off`, nobody."""
    mode = env.get("LADING_MIGRATE") or "start"
    if mode in ("start", "wait", "off"):
        return mode
    raise Stop(f"LADING_MIGRATE is `{mode}`, and must be one of start, wait, off", 2)


def waiting(_config: dict[str, Any], env: dict[str, str]) -> float:
    """How many seconds to wait for what is needed."""
    return number("LADING_WAIT_SECONDS", 60, env)


def number(name: str, default: float, env: dict[str, str], least: float = 0) -> float:
    """A number of seconds, `least` or more."""
    try:
        found = float(env.get(name) or default)
    except ValueError:
        found = -1
    if least <= found < 1e9:
        return found
    more = f"{least:g} or more" if not least else "more than 0"
    raise Stop(f"{name} is `{env[name]}`, and must be a number of seconds, {more}", 2)


# ── what it needs ────────────────────────────────────────────────────────────────────────────────────────────────────

#: What is said first to each kind of service, where the server does not speak first.
HELLO = {
    "redis": b"PING\r\n",
    "amqp": b"AMQP\x00\x00\x09\x01",
    # OP_MSG with {hello: 1, $db: "admin"}
    "mongodb": bytes.fromhex("3a000000010000000000000000dd07000000000000")
    + bytes.fromhex("25000000" "1068656c6c6f0001000000" "0224646200" "0600000061646d696e0000"),
}  # fmt: skip
SPEAKS_FIRST = ("mysql", "nats")
PORTS = {"postgresql": 5432, "mysql": 3306, "redis": 6379, "amqp": 5672, "mongodb": 27017, "kafka": 9092, "nats": 4222}


def wait(config: dict[str, Any], env: dict[str, str]) -> None:
    """Wait until every service that the environment names answers, each as its protocol has it."""
    limit = waiting(config, env)
    began = time.monotonic()
    for service in config["services"] if limit else ():
        delay = 0.1
        while problem := unanswered(service, env, began + limit):
            past = time.monotonic() - began
            if past + delay > limit:
                raise Stop(f"{problem}, for {limit:g} s", 3)
            if delay == 0.1:
                say(f"waiting for {service['label']}, {limit - past:.0f} s at most: {problem}")
            time.sleep(delay)
            delay = min(delay * 2, 2)
        if delay > 0.1:
            say(f"{service['label']} answers after {time.monotonic() - began:.1f} s")


def unanswered(service: dict[str, Any], env: dict[str, str], end_: float) -> str:
    """Why the service does not answer until `end_`, in a sentence; empty where it does, or no address is known."""
    problem = ""
    for host, number_ in addresses(service, env):
        try:
            why = greeted(service, env, host, number_, end_)
        except (OSError, ValueError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
        if not why:
            return ""
        named = f" ({service['variable']})" if service["variable"] else ""
        problem = f"{service['label']} at {host}:{number_}{named} does not answer: {why}"
    return problem


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
    number_ = found.get("port") or PORTS[service["kind"]]
    return f"{service['kind']}://{account}{found['host']}:{number_}/{found.get('database', '')}"


def unquoted(text: str) -> str:
    """`text` with its %XX read."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def left(end_: float) -> float:
    """How long to wait for one answer of several: until `end_`, and 3 s at most, so that the next has its turn."""
    return max(min(end_ - time.monotonic(), 3), 0.001)


def connected(host: str, number_: int, end_: float) -> _socket.socket:
    """A connection to one of the addresses that the name has, until `end_`. Raises OSError."""
    # As text it would pass through the codec for names in other scripts, which takes longer than all the rest.
    name = host.encode() if host.isascii() else host
    failed: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in _socket.getaddrinfo(name, number_, 0, _socket.SOCK_STREAM):
        connection = _socket.socket(family, kind, protocol)
        connection.settimeout(left(end_))
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


def greeted(service: dict[str, Any], env: dict[str, str], host: str, number_: int, end_: float) -> str:
    """Greet the service as its protocol has it, and return what speaks against it. Raises OSError."""
    kind, found = service["kind"], place(service, env)
    connection = connected(host, number_, end_)
    try:
        hello = HELLO.get(kind, b"")
        if kind == "postgresql":
            # PostgreSQL, "Message Formats": StartupMessage, version 3.0.
            user, database = found.get("user", "postgres"), found.get("database", "postgres")
            body = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database, ""))
            hello = (len(body) + 8).to_bytes(4, "big") + b"\0\3\0\0" + body
        # Behind TLS nothing is said in the clear: that it accepts has to do.
        secure = found.get("scheme") in ("rediss", "amqps") or "ssl" in found or "tls" in found
        if (not hello and kind not in SPEAKS_FIRST) or (secure and kind not in ("postgresql", "mysql")):
            return ""
        connection.settimeout(left(end_))
        connection.sendall(hello)
        answer = b""
        while not whole(kind, answer):
            connection.settimeout(left(end_))
            received = connection.recv(1024)
            if not received:
                break
            answer += received
        if kind == "mysql" and answer[4:5] == b"\x0a":
            turned_away(connection, end_)
    finally:
        connection.close()
    return refusal(kind, answer)


def turned_away(connection: _socket.socket, end_: float) -> None:
    """Log in to MySQL as nobody, and be refused.

    Whoever leaves before is counted, and after a hundred probes the server would block this host, the application
    with it. Source: MySQL, "max_connect_errors"; "Protocol::HandshakeResponse41".
    """
    # CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH; packets of 16 MiB; utf8mb4; no password
    body = (0x88200).to_bytes(4, "little") + b"\0\0\0\1" + b"\x2d" + bytes(23) + b"lading\0\0mysql_native_password\0"
    try:
        connection.settimeout(left(end_))
        connection.sendall(len(body).to_bytes(3, "little") + b"\1" + body)
        answer = connection.recv(1024)
        if answer[4:5] == b"\xfe":  # AuthSwitchRequest: by another method, neither
            connection.sendall(b"\0\0\0" + bytes([answer[3] + 1 & 255]))
            connection.recv(1024)
    except OSError:
        return  # it has answered, which is all that was asked


def whole(kind: str, answer: bytes) -> bool:
    """Whether `refusal` can tell from what has arrived so far."""
    if kind == "postgresql" and answer[:1] == b"E":
        return len(answer) > 4 and len(answer) > int.from_bytes(answer[1:5], "big")
    if kind == "mysql":
        return len(answer) > 4 and len(answer) >= 4 + int.from_bytes(answer[:3], "little")
    return b"\n" in answer if kind == "redis" else answer != b""


def refusal(kind: str, answer: bytes) -> str:
    """What a first answer says against the service; that it wants another password is nothing against it."""
    if not answer:
        return "it hangs up"
    if kind == "postgresql" and answer[:1] == b"E":
        fields = {part[:1]: part[1:].decode(errors="replace") for part in answer[5:].split(b"\0")}
        # 57P03 cannot_connect_now: it starts, stops or recovers; 53300 too_many_connections.
        return fields.get(b"M", "") if fields.get(b"C") in ("57P03", "53300") else ""
    if kind == "mysql" and answer[4:5] == b"\xff" and answer[5:7] == b"\x10\x04":  # 1040: too many connections
        return "it has too many connections"
    if kind == "mysql" and answer[4:5] == b"\xff" and answer[5:7] == b"\x69\x04":  # 1129
        return "it has blocked this host, which `mariadb-admin flush-hosts` or `mysqladmin flush-hosts` undoes"
    if kind == "redis" and answer.startswith((b"-LOADING", b"-MASTERDOWN")):
        return answer[1:].decode(errors="replace").strip()
    return ""


# ── migrations ───────────────────────────────────────────────────────────────────────────────────────────────────────


def migrated(config: dict[str, Any], env: dict[str, str], mode: str = "") -> None:
    """See to it that the database is at the image's newest revision. That it is there costs one query and no lock."""
    mode = mode or migrating(config, env)
    file = sqlite_file(config, env)
    if file:
        make_folder(file, config)
    if not config["migrations"] or mode == "off" or at_head(config, env):
        return
    if mode == "wait" and config["migrations"]["tool"] == "script":
        say(f"nobody can tell whether {os.path.basename(config['migrations']['config'])} has run: not waited for")
        return
    if mode == "wait":
        limit = waiting(config, env)
        end_, said = time.monotonic() + limit, False
        while not (at_head(config, env) or child(env, "look") == 0):
            if time.monotonic() > end_:
                raise Stop(f"nobody has migrated the database for {limit:g} s: {state(config, env)}", 3)
            if not said:
                say(f"waiting until somebody has migrated the database, {limit:g} s at most: {state(config, env)}")
            said = True
            time.sleep(1)
        return
    status = child(env)
    if status:
        raise Stop(f"the migrations failed, so nothing is started: {state(config, env)}", status)


def state(config: dict[str, Any], env: dict[str, str]) -> str:
    """At which revision the database is, in words."""
    wanted = ", ".join(config["migrations"]["heads"]) or "its newest revision"
    try:
        found = ", ".join(sorted(revisions(config, env))) or "no revision"
    except Exception:  # noqa: BLE001 - whatever a driver raises, all that it means is that nobody can tell
        return f"the database is not known to be at {wanted}"
    return f"the database is at {found}, and this image wants {wanted}"


def at_head(config: dict[str, Any], env: dict[str, str]) -> bool:
    """Whether the database is known to be at the image's newest revision: one query, without the migration tool."""
    tool = config["migrations"]["tool"]
    if tool == "script":
        return False
    try:
        found = revisions(config, env)
        wanted = set(config["migrations"]["heads"]) or (aerich_versions(config) if tool == "aerich" else set())
    except Exception:  # noqa: BLE001 - no database, no table, no driver: the tool itself finds out, and says it
        return False
    return bool(wanted) and (wanted <= found if tool == "aerich" else wanted == found)


def aerich_versions(config: dict[str, Any]) -> set[str]:
    """The names of the files that Aerich would apply, which is what its table holds of those that it has."""
    folder = config["migrations"]["folder"]
    apps = [os.path.join(folder, app) for app in os.listdir(folder)]
    return {name for app in apps if os.path.isdir(app) for name in os.listdir(app) if name[:1].isdigit()}


def revisions(config: dict[str, Any], env: dict[str, str]) -> set[str]:
    """The revisions that the database says it is at. Raises whatever the database's driver raises."""
    aerich = config["migrations"]["tool"] == "aerich"
    query, close = database(config, env)
    try:
        found = query("SELECT version FROM aerich" if aerich else "SELECT version_num FROM alembic_version")
        return {str(row[0]) for row in found}
    finally:
        close()


def database(config: dict[str, Any], env: dict[str, str]) -> tuple[Callable[[str], list[Any]], Callable[[], None]]:
    """A connection by the project's own driver, without all that is built upon it: how to query, how to close."""
    file = sqlite_file(config, env)
    if file:
        import sqlite3

        if not os.path.exists(file):
            raise LookupError(file)
        connection: Any = sqlite3.connect(file)
        return lambda sql: connection.execute(sql).fetchall(), connection.close
    service = next(one for one in config["services"] if one["role"] == "database")
    found = place(service, env)
    scheme = found.pop("scheme", "")
    driver = scheme.partition("+")[2] or service["driver"] or ""
    if SITE not in sys.path:
        sys.path.append(SITE)
    account = {"host": found["host"], "port": int(found.get("port") or PORTS[service["kind"]]),
               "user": found.get("user", ""), "password": found.get("password", ""),
               "database": found.get("database", "")}  # fmt: skip
    if service["kind"] == "mysql":
        module = __import__("MySQLdb" if driver == "mysqldb" else "pymysql")
        connection = module.connect(**account, connect_timeout=5)
        cursor = connection.cursor()
        return lambda sql: (cursor.execute(sql), cursor.fetchall())[1], connection.close
    if service["kind"] == "postgresql" and driver == "asyncpg":
        return asyncpg_connection(account, found)
    if service["kind"] == "postgresql":
        return libpq_connection(found)
    raise LookupError(service["kind"])


def asyncpg_connection(account: dict[str, Any], found: dict[str, str]) -> tuple[Any, Any]:
    """`database` by asyncpg, on an event loop of its own that turns only for a query."""
    import asyncio

    import asyncpg

    loop = asyncio.new_event_loop()
    secure = found.get("ssl") or found.get("sslmode")
    opened = asyncpg.connect(**account, timeout=5, **({"ssl": secure} if secure else {}))
    connection = loop.run_until_complete(opened)

    def close() -> None:
        loop.run_until_complete(connection.close())
        loop.close()

    return lambda sql: loop.run_until_complete(connection.fetch(sql)), close


def libpq_connection(found: dict[str, str]) -> tuple[Any, Any]:
    """`database` by the libpq that psycopg brings or the image has: to import psycopg 3 takes 0.15 s, this 0.02 s."""
    import ctypes

    bundled = [
        os.path.join(SITE, folder, name)
        for folder in ("psycopg_binary.libs", "psycopg2_binary.libs")
        if os.path.isdir(os.path.join(SITE, folder))
        for name in os.listdir(os.path.join(SITE, folder))
        if name.startswith("libpq")
    ]
    pq = ctypes.CDLL((bundled or ["libpq.so.5"])[0])
    for name in ("PQconnectdb", "PQexec"):
        getattr(pq, name).restype = ctypes.c_void_p
    for name in ("PQgetvalue", "PQerrorMessage", "PQresultErrorMessage"):
        getattr(pq, name).restype = ctypes.c_char_p
    names = {"database": "dbname"}
    quoted = {names.get(key, key): text.replace("\\", "\\\\").replace("'", "\\'") for key, text in found.items()}
    asked = " ".join(f"{key}='{text}'" for key, text in {"connect_timeout": "5", **quoted}.items())
    connection = ctypes.c_void_p(pq.PQconnectdb(asked.encode()))
    if pq.PQstatus(connection):
        text = pq.PQerrorMessage(connection).decode(errors="replace")
        pq.PQfinish(connection)
        raise ConnectionError(text)

    def query(sql: str) -> list[tuple[str, ...]]:
        result = ctypes.c_void_p(pq.PQexec(connection, sql.encode()))
        try:
            if pq.PQresultStatus(result) != 2:  # PGRES_TUPLES_OK
                raise LookupError(pq.PQresultErrorMessage(result).decode(errors="replace"))
            size = range(pq.PQntuples(result)), range(pq.PQnfields(result))
            return [tuple(pq.PQgetvalue(result, row, column).decode() for column in size[1]) for row in size[0]]
        finally:
            pq.PQclear(result)

    return query, lambda: pq.PQfinish(connection)


def sqlite_file(config: dict[str, Any], env: dict[str, str]) -> str:
    """The absolute path of the file that holds the rows; "" where they are not in an SQLite file."""
    found = config["database"]
    url = (env.get(found["variable"] or "") or found["url"] or "") if found else ""
    scheme, _, rest = url.partition("://")
    path = rest.partition("?")[0]
    if scheme.partition("+")[0] != "sqlite" or path[:1] != "/" or path[1:].partition(":")[0] in ("", "file"):
        return ""
    # To SQLAlchemy the first slash only ends the host, to Tortoise it is the root.
    tortoise = (config["migrations"] or {}).get("tool") == "aerich"
    return "/" + os.path.abspath(path if tortoise else path[1:]).lstrip("/")


def make_folder(path: str, config: dict[str, Any]) -> None:
    """Make the folder of the SQLite file at `path`, and say what will go wrong with it."""
    folder, name = os.path.dirname(path), config["database"]["variable"] or "the database"
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Stop(f"{name}: the folder {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        say(f"{name}: user {os.getuid()} may not write in {folder}")
    if not path.startswith(config["volume"] + "/"):
        say(f"{name}: {path} is not on the volume {config['volume']}, and goes when the container goes")


def child(env: dict[str, str], *arguments: str) -> int:
    """Run `upgrade` as a process of its own, with the virtual environment on its path; its exit status."""
    # The application's folder comes later, and after Alembic: there, a folder `alembic/` would hide it.
    rest = {name: text for name, text in env.items() if name != "PYTHONPATH"}
    argv = [sys.executable, HERE, "_migrate", env.get("PYTHONPATH", ""), *arguments]
    status, asked_ = attended(argv, rest)
    if asked_:
        sys.exit(128 + asked_)
    return status


def upgrade(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Migrate, under a lock that belongs to the database; a process of its own, whose memory goes with it.

    With `look` nothing is changed, and the exit status is 1 unless the database is at its newest revision.
    """
    del sys.path[0]
    path, look = (rest[0] or config["folder"]), rest[1:] == ["look"]
    tool, file = config["migrations"]["tool"], config["migrations"]["config"]
    if tool == "alembic":
        newest = alembic(config, path.split(os.pathsep), look=look)
        sys.exit(0 if newest or not look else 1)
    if look:
        sys.exit(1)
    rows = sqlite_file(config, env)
    try:
        # Left open until we end, since the lock goes with it; an SQLite file need not be there to be locked.
        query = (lambda _: []) if rows else database(config, env)[0]
        lock(config["database"]["dialect"], query, rows)
    except Exception as error:  # noqa: BLE001 - whatever a driver raises
        say(f"no lock on the database, so only one replica may start at a time: {type(error).__name__}: {error}")
    if tool == "aerich":
        argv = [sys.executable, "-c", "from aerich.cli import main; main()", "upgrade"]
    else:
        argv = [sys.executable if file.endswith(".py") else shell(file), file]
    if not at_head(config, env):
        os.chdir(os.path.dirname(file) if tool == "aerich" else "/app")
        status, asked = attended(argv, {**env, "PYTHONPATH": path})
        if status:
            raise Stop(f"{os.path.basename(file)} ended with {status}", 128 + asked if asked else 1)
        say("the database is migrated")


def shell(path: str) -> str:
    """The shell that the script's first line asks for: bash, where it does and there is one."""
    with open(path, "rb") as file:
        bash = b"bash" in file.readline(200)
    return "/bin/bash" if bash and os.path.exists("/bin/bash") else "/bin/sh"


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


def lock(dialect: str, query: Callable[[str], list[Any]], file: str) -> None:
    """Wait for the lock of the database, which goes with the connection or the process that holds it.

    Asked again and again, because who waits within the database holds a snapshot, and `CREATE INDEX CONCURRENTLY`
    waits for all that hold one. Source: PostgreSQL, "Advisory Locks"; MariaDB, "GET_LOCK"; flock(2).
    """
    if dialect == "sqlite":
        import fcntl

        if not file:
            return
        held = os.open(file + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)  # left open until we end

        def take() -> bool:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
    elif dialect in ("postgresql", "mysql", "mariadb"):
        sql = ("SELECT CASE WHEN pg_try_advisory_lock(7812730933461644903) THEN 1 ELSE 0 END"  # "lading" and a g
               if dialect == "postgresql" else "SELECT GET_LOCK(CONCAT('lading:', MD5(DATABASE())), 0)")  # fmt: skip

        def take() -> bool:
            return int(query(sql)[0][0]) == 1
    else:
        say(f"no lock is known for {dialect}, so only one replica may start at a time")
        return
    began, said = time.monotonic(), 1.0
    while not take():
        if time.monotonic() - began > said:
            say(f"another replica migrates the database: waiting, for {time.monotonic() - began:.0f} s now")
            said *= 10
        time.sleep(0.2)


# ── serving ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def command(words_: list[str], config: dict[str, Any], env: dict[str, str], count: int) -> list[str]:
    """A command line of the plan, its marks replaced by what the environment says."""
    host, number_, level = value(config["host"], env), port(config, env), log_level(config, env)
    marks = {
        "{host}": host,
        "{port}": str(number_),
        "{bind}": f"[{host}]:{number_}" if ":" in host else f"{host}:{number_}",
        "{level}": level,
        "{plain}": level.replace("trace", "debug"),  # for programs that know no `trace`
        "{count}": str(count),
        "{unique}": f"{_socket.gethostname()}-{os.urandom(3).hex()}",
    }
    return [sys.executable, *(marks.get(word, word) for word in words_)]


def concurrency(config: dict[str, Any], env: dict[str, str], planned: int | str | None) -> int:
    """How many processes: the variable, else the plan's number, else one; `auto` is what the cgroup allows."""
    text = env.get("WEB_CONCURRENCY") or str(planned or 1)
    if text == "auto":
        count, why = allowed(config["memory_per_process"])
        say(f"{count} {'process' if count == 1 else 'processes'}: {why}")
    elif text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) < 1000:
        count = int(text)
    else:
        raise Stop(f"WEB_CONCURRENCY is `{text}`, and must be a number of processes, 1 or more, or auto", 2)
    env["WEB_CONCURRENCY"] = str(count)  # which servers read too, and know no `auto`
    return count


def allowed(memory: int, root: str = "/sys/fs/cgroup") -> tuple[int, str]:
    """How many processes the cgroup has room for, and why; never as many as the host has processors.

    `memory` is what one takes, in bytes. Without a limit it is one, for nobody said what else the host has to do.
    Source: Linux, "Control Group v2", cpu.max and memory.max; version 1's files where there is no version 2.
    """
    quota, period = (words(f"{root}/cpu.max") or words(f"{root}/cpu/cpu.cfs_quota_us")
                     + words(f"{root}/cpu/cpu.cfs_period_us") or ["max", "1"])  # fmt: skip
    limit = (words(f"{root}/memory.max") or words(f"{root}/memory/memory.limit_in_bytes") or ["max"])[0]
    count, why = 1, "the cgroup limits no processor"
    mine = len(os.sched_getaffinity(0))
    if quota.isdigit():
        count, why = max(int(quota) // int(period), 1), f"the cgroup allows {int(quota) / int(period):g} processors"
    elif mine < (os.cpu_count() or 1):
        count, why = mine, f"{mine} processors may be used"
    if limit.isdigit() and int(limit) < 1 << 60 and int(limit) // memory < count:
        count, why = max(int(limit) // memory, 1), f"the cgroup allows {int(limit) >> 20} MiB, {memory >> 20} for each"
    return count, why


def words(path: str) -> list[str]:
    """The words in a small file; none where there is no file."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def metrics(config: dict[str, Any], env: dict[str, str], count: int) -> None:
    """Give the processes of the server a place where they add their metrics up, empty, as the start needs it.

    Source: prometheus_client, "Multiprocess Mode": the directory must be wiped between runs.
    """
    folder = env.get("PROMETHEUS_MULTIPROC_DIR") or ("/tmp/prometheus" if config["metrics"] and count > 1 else "")  # noqa: S108
    if not folder:
        return
    try:
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if name.endswith(".db"):
                os.unlink(os.path.join(folder, name))
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise Stop(f"PROMETHEUS_MULTIPROC_DIR: {folder} cannot be emptied: {error.strerror}", 2) from None
    env["PROMETHEUS_MULTIPROC_DIR"] = folder


# ── health ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def healthcheck(config: dict[str, Any], env: dict[str, str], rest: list[str]) -> None:
    """Ask whether what runs here is alive, whatever its database does; with `--ready`, whether that is there, too."""
    ready, named = "--ready" in rest, " ".join(word for word in rest if word != "--ready")
    limit = number("LADING_HEALTH_TIMEOUT", config["health"]["timeout"], env, 0.001)
    end_ = time.monotonic() + limit
    list(from_files(config, env))
    role = named or next((role for _, role in running()), "serve")
    if role == "serve":
        path = config["health"]["path"]
        if ready and config["health"]["ready"]:
            path = config["health"]["ready"]
        asked(config, env, path, end_)
        if ready and not config["health"]["ready"]:
            needed(config, env, ("database", "cache", "broker"), end_)
    elif role.partition(" ")[0] in ("worker", "scheduler"):
        works(config, env, role, end_)
    else:
        raise Stop(f"`{role}` has no health to be asked for: say serve, worker or scheduler")


def asked(config: dict[str, Any], env: dict[str, str], path: str | None, end_: float) -> None:
    """Ask the server, at the address that it was told to bind. Without a path any answer will do: it turns."""
    host, number_ = value(config["host"], env), port(config, env)
    # What stands for every address to a server is no address to ask.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = _socket.socket(_socket.AF_INET6 if ":" in address else _socket.AF_INET, _socket.SOCK_STREAM)
    connection.settimeout(max(end_ - time.monotonic(), 0.001))
    answer = b""
    try:
        connection.connect((address, number_))
        lines = (f"GET {path or '/'} HTTP/1.1", "Host: localhost", "User-Agent: lading", "Connection: close", "", "")
        connection.sendall("\r\n".join(lines).encode())
        while b"\r\n" not in answer:
            connection.settimeout(max(end_ - time.monotonic(), 0.001))
            received = connection.recv(4096)
            if not received:
                break
            answer += received
    except OSError as error:
        raise Stop(f"port {number_} of {address} does not answer: {error}") from None
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    if not (line.startswith("HTTP/1.") and "200" <= line[9:12] <= ("399" if path else "599")):
        raise Stop(f"GET {path or '/'} on port {number_} of {address} answers `{line}`")


def needed(config: dict[str, Any], env: dict[str, str], roles: tuple[str, ...], end_: float) -> None:
    """Ask every service of these roles whether it answers."""
    for service in config["services"]:
        if service["role"] in roles:
            problem = unanswered(service, env, end_)
            if problem:
                raise Stop(problem)


def works(config: dict[str, Any], env: dict[str, str], role: str, end_: float) -> None:
    """Ask a worker or a scheduler, by what its library offers, else by what the kernel knows of its processes."""
    kind, _, name = role.partition(" ")
    program = next((one for one in config["programs"] if one["role"] == kind and name in ("", one["name"])), None)
    if program is None:
        raise Stop(f"this image runs no {role}")
    pids = [pid for pid, found in running() if found == f"{kind} {program['name']}"]
    if not pids:
        raise Stop(f"no {program['name']} runs here")
    for pid in (1, *pids):  # the first may be a launcher that stays, without which no signal arrives
        if status(pid)[:1] == ["T"]:
            raise Stop(f"process {pid} of {program['name']} is stopped")
    # A scheduler connects when the first job is due, and its connection may end before the next one is.
    broker = broker_of(program, config) if kind == "worker" else None
    ports = {number_ for _, number_ in addresses(broker, env)} if broker else set()
    if ports and not ports & set(reached(pids)):
        raise Stop(f"no process of {program['name']} is connected to {broker and broker['label']}")
    if program["health"] == "celery":
        ping(program, config, env, end_)
    elif program["health"] == "turns":
        before = turns(pids)
        while turns(pids) == before:
            if time.monotonic() > end_ - 0.2:
                raise Stop(f"no thread of {program['name']} has run for a while")
            time.sleep(0.1)


def broker_of(program: dict[str, Any], config: dict[str, Any]) -> dict[str, Any] | None:
    """The service that this program takes its work from: the one that its variable belongs to, else any broker."""
    brokers = [one for one in config["services"] if one["role"] == "broker"]
    mine = [one for one in brokers if program["broker"] in (one["variable"], *one["parts"].values())]
    return next(iter(mine + brokers), None)


def running() -> Iterator[tuple[int, str]]:
    """Every process here that a role of ours became or started, with that role; process 1 first."""
    for name in sorted((name for name in os.listdir("/proc") if name.isdigit()), key=int):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                found = (b"\0" + file.read()).partition(b"\0LADING_ROLE=")[2]
            # The containers of a pod may share their processes, but never their files.
            if found and os.readlink(f"/proc/{name}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
                continue
        except OSError:
            continue  # it is gone, or somebody else's
        if found and int(name) != os.getpid():
            yield int(name), found.partition(b"\0")[0].decode(errors="replace")


def status(pid: int) -> list[str]:
    """What /proc/PID/stat says behind the name, which may hold anything: the state first; [] where it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def turns(pids: list[int]) -> int:
    """How often the threads of these processes have given the processor back, and how long they held it.

    It stands still when they all do. Who computes for long gives nothing back, and works all the same.
    """
    count = 0
    for pid in pids:
        count += sum(map(int, status(pid)[11:13]))  # utime, stime
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:
                    count += int(file.read().partition(b"\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
        except (OSError, IndexError):
            continue
    return count


def reached(pids: list[int]) -> Iterator[int]:
    """The ports that these processes are connected to. Source: proc(5), proc_pid_net(5)."""
    sockets = set()
    for pid in pids:
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                sockets.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{table}", encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
        except OSError:
            continue
        for row in rows:
            if row[3] == "01" and f"socket:[{row[9]}]" in sockets:  # 01: ESTABLISHED
                yield int(row[2].rpartition(":")[2], 16)


def ping(program: dict[str, Any], config: dict[str, Any], env: dict[str, str], end_: float) -> None:
    """Ask Celery's worker of this container for a pong, through the broker."""
    node = f"celery@{_socket.gethostname()}"
    broker = broker_of(program, config)
    if broker and ponged(broker, env, node, min(end_, time.monotonic() + 2)):
        return
    # Its settings may have other names for all this. Importing them is dear, and needs time.
    import signal

    def late(_number: int, _frame: object) -> None:
        raise Stop(f"{node} does not answer a ping")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, max(end_ - time.monotonic(), 0.001))
    sys.path[:1] = [*config["folder"].split(os.pathsep), SITE]
    os.environ.update(env)
    from celery.app.utils import find_app

    target = program["argv"][program["argv"].index("-A") + 1]
    if not find_app(target).control.ping(destination=[node], timeout=max(end_ - time.monotonic(), 0.1), limit=1):
        late(0, None)


def ponged(broker: dict[str, Any], env: dict[str, str], node: str, end_: float) -> bool:
    """Whether Celery's `node` answers a ping, sent as Celery sends it by default, without importing Celery.

    Source: kombu's pidbox, and its transport over Redis.
    """
    import binascii

    found, queue = place(broker, env), f"lading.{os.urandom(8).hex()}"
    body = (
        f'{{"method": "ping", "arguments": {{}}, "destination": ["{node}"], "pattern": null, "matcher": null, '
        f'"ticket": "{queue}", "reply_to": {{"exchange": "", "routing_key": "{queue}"}}}}'
    )
    plain = found.get("scheme", broker["kind"]) in ("redis", "amqp", "pyamqp")
    where = found.get("host", ""), int(found.get("port") or PORTS[broker["kind"]])
    try:
        if broker["kind"] == "redis" and plain:
            database = found.get("database") or "0"
            sent = (
                f'{{"body": "{binascii.b2a_base64(body.encode(), newline=False).decode()}", "headers": {{}}, '
                f'"content-type": "application/json", "content-encoding": "utf-8", "properties": {{"priority": 0, '
                f'"delivery_info": {{"exchange": "celery.pidbox", "routing_key": ""}}, "body_encoding": "base64", '
                f'"delivery_tag": "{queue}"}}}}'
            )
            account = [word for word in (found.get("user"), found.get("password")) if word]
            said = [["AUTH", *account]] if "password" in found else []
            said += [["SELECT", database], ["PUBLISH", f"/{database}.celery.pidbox", sent], ["BLPOP", queue, "3"]]
            return told(where, said, queue, end_)
        if broker["kind"] == "amqp" and plain:
            sys.path.append(SITE)
            import amqp

            left = end_ - time.monotonic()
            with amqp.Connection(
                f"{where[0]}:{where[1]}", userid=found.get("user", "guest"), password=found.get("password", "guest"),
                virtual_host=found.get("database") or "/", connect_timeout=left, read_timeout=left,
            ) as connection:  # fmt: skip
                answers: list[object] = []
                channel = connection.channel()
                channel.queue_declare(queue, exclusive=True)
                channel.basic_consume(queue, callback=answers.append, no_ack=True)
                message = amqp.Message(body, content_type="application/json", content_encoding="utf-8")
                channel.basic_publish(message, exchange="celery.pidbox")
                while not answers:
                    connection.drain_events(timeout=max(end_ - time.monotonic(), 0.001))
                return True
    except Exception:  # noqa: BLE001, S110 - whatever it is, it is no pong
        pass
    return False


def told(where: tuple[str, int], said: list[list[str]], awaited: str, end_: float) -> bool:
    """Send commands to Redis, and say whether an answer names what is awaited. Raises OSError."""
    connection, answer = connected(*where, max(end_ - time.monotonic(), 0.001)), b""
    try:
        for words_ in said:
            lines = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words_)
            connection.sendall(f"*{len(words_)}\r\n{lines}".encode())
        while awaited.encode() not in answer:
            connection.settimeout(max(end_ - time.monotonic(), 0.001))
            received = connection.recv(4096)
            if not received or b"-ERR" in received:
                return False
            answer += received
    finally:
        connection.close()
    return True


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


def say(sentence: object) -> None:
    """One line on standard error."""
    if os.environ.get("LOG_FORMAT", "").lower() == "json":
        import json

        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps({"time": at, "logger": "lading", "message": str(sentence)})
    else:
        line = f"lading: {sentence}"
    print(line, file=sys.stderr, flush=True)  # noqa: T201


ROLES: dict[str, Callable[[dict[str, Any], dict[str, str], list[str]], None]] = {
    "serve": serve, "worker": worker, "scheduler": scheduler, "migrate": migrate, "check": check, "run": run,
    "healthcheck": healthcheck, "_check": checked, "_migrate": upgrade,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

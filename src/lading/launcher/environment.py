"""The environment, as the application gets it: secrets read from files, words spelled as the code spells them."""

from __future__ import annotations

import os

from .log import Stop, say

TYPE_CHECKING = False  # importing typing would cost a health check more than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


LEVELS = ("critical", "error", "warning", "info", "debug", "trace")


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
    for name in [one for one in ours if env.get(one) == ""]:
        del env[name]
    wrong += [said for one in config["variables"] if one["name"] not in ours for said in spelled(one, env)]
    level, usual = env.get(ours[2]), config["log_level"]["default"]
    if level and not wrong:
        env[ours[2]] = level.lower() if usual.islower() else level.upper() if usual.isupper() else level
        env.setdefault("LOGURU_LEVEL", log_level(config, env).upper())  # loguru hears of it by this alone
    given = {name.upper() for name in env}
    required = [one["name"] for one in config["variables"] if one["required"]]
    # Such a file may well give them: the application reads it by itself.
    mounted = [path for path in config["env_files"] if os.path.isfile(path) and os.path.getsize(path)]
    missing = [] if mounted else [n for n in required if n.upper() not in given]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        wrong.append(f"{', '.join(missing)} {verb} not set, and the application does not start without")
    if wrong:
        raise Stop("; ".join(wrong), 2)
    folders(config)


def folders(config: dict[str, Any]) -> None:
    """Make the folders on the volume that links in the image lead to: nobody else can."""
    for folder in config["folders"]:
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            say(f"{folder}, where the application writes, cannot be made: {error.strerror}")


def spelled(variable: dict[str, Any], env: dict[str, str]) -> Iterator[str]:
    """Spell one of few allowed words as the code does, and say what is wrong with a value."""
    name, text, allowed = variable["name"], env.get(variable["name"]), variable["allowed"]
    shown = "something else" if variable["secret"] else f"`{text}`"
    if not text:
        return
    if allowed:
        found = [word for word in allowed if word.lower() == text.lower()]
        env[name] = text if text in allowed or not found else found[0]
        if not found:
            yield f"{name} is {shown}, and must be one of {', '.join(allowed)}"
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

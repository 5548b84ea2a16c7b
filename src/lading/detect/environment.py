"""The code → the environment variables that it reads, each with its default, and which of them bind the server."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection
from dataclasses import replace

from lading.detect import (
    files,
    names,
    settings_accounts,
    settings_classes,
    settings_code,
    settings_drivers,
    settings_dynaconf,
    settings_examples,
    settings_names,
    settings_tables,
    values,
)
from lading.detect.code import Code
from lading.detect.evidence_servers import Start
from lading.detect.settings_code import Asked
from lading.detect.settings_names import is_secret
from lading.model import Dependencies, Fact, Variable
from lading.settings import Settings
from lading.source import Source

__all__ = ["RUNS", "binding", "is_secret", "variables"]

_KEYS = {"host": "host-variable", "port": "port-variable", "log_level": "log-level-variable"}

#: `settings_example.py`, `config.dist.py`, `sample_settings.py`; not `email_templates.py`, which a worker may import.
_EXAMPLE = re.compile(
    r"(?:settings?|conf(?:ig)?|env|constants|secrets|local)[._-](?:example|sample|template|dist)[._-]"
    r"|^(?:example|sample|template)[._-](?:settings?|conf(?:ig)?|env|constants|secrets)[._-]",
    re.IGNORECASE,
)

#: What starts the server from Python.
RUNS = frozenset({"uvicorn.run", "uvicorn.Config", "uvicorn.main.run", "uvicorn.config.Config"})


def variables(
    code: Code, reached: Collection[str], entry: str = "", dependencies: Dependencies | None = None
) -> tuple[Fact[Variable], ...]:
    """Every variable that the backend's code reads, by name.

    `reached` are the files that the application imports, and `entry` is the factory that makes it, where there is one.
    One that only other code needs, or only a request, is not required: the application starts without it.
    """
    found: dict[str, Fact[Variable]] = {}
    asked = Asked(code, reached, entry)
    classes = {place.path for place in settings_classes.classes(code)}
    every = dict.fromkeys((*settings_code.files(code), *sorted(classes)))
    # What is there to be copied, `settings_example.py`, reads nothing itself.
    reading = [path for path in every if path in reached or not _EXAMPLE.search(posixpath.basename(path))]
    for path in sorted(reading, key=lambda path: (path not in reached, path)):
        tree = code.tree(path)
        for fact in (*settings_code.variables(asked, tree), *settings_classes.variables(asked, tree)) if tree else ():
            _add(found, fact)
    for fact in (*settings_dynaconf.variables(asked), *settings_tables.variables(asked)):
        _add(found, fact)
    for name, where in settings_code.opened(asked):
        if name in found:
            found[name] = Fact(replace(found[name].value, required=True), where)
    has = settings_drivers.declared(dependencies) if dependencies else settings_drivers.NOTHING
    for name, value, where in files.switches(asked, has):
        # Its default leads to a folder that is not there: only another value, or the folder, lets it start.
        if name in found:
            known = found[name].value
            found[name] = Fact(replace(known, required=True, allowed=known.allowed or (value,)), where)
    for name in settings_accounts.accounts(code) & found.keys():
        if found[name].value.type == "str":
            found[name] = replace(found[name], value=replace(found[name].value, type="account", secret=True))
    own = (fact for _, fact in sorted(found.items()) if fact.value.name not in settings_names.FOREIGN)
    return tuple(replace(fact, value=_with_example(code, fact.value), key="required") for fact in own)


def _with_example(code: Code, one: Variable) -> Variable:
    """A variable with the value that the project's own examples give it, where one must be given and may be shown."""
    if not one.required or one.secret or one.allowed or one.default is not None:
        return one
    said = settings_examples.shown(code, one.name)
    return replace(one, example=said) if said and not is_secret(one.name, said) else one


def _add(found: dict[str, Fact[Variable]], fact: Fact[Variable]) -> None:
    """Several places may read one variable: the first with a default tells most."""
    before = found.get(fact.value.name)
    if before is None:
        found[fact.value.name] = fact
        return
    best, other = (before, fact) if before.value.default is not None or fact.value.default is None else (fact, before)
    required = before.value.required or fact.value.required
    both = replace(
        best.value,
        required=required,
        default=None if required else best.value.default,
        secret=before.value.secret or fact.value.secret,
        type=other.value.type if best.value.type == "str" else best.value.type,
        allowed=best.value.allowed or other.value.allowed,
        least=best.value.least or other.value.least,
    )
    # Where one place has a default and another fails, the one that fails decides, and says so.
    because = other.because if both.required and other.value.required and not best.value.required else best.because
    found[fact.value.name] = Fact(both, because)


def binding(
    role: str, code: Code, found: tuple[Fact[Variable], ...], starts: Collection[Start] = ()
) -> Fact[str] | None:
    """The variable of the server's `host`, `port` or `log_level`: the one `uvicorn.run` is given, else by its name.

    Where `starts` are known, only their calls count: a worker may have a server of its own.
    """
    known = {start.where for start in starts}
    by_name = {fact.value.name: fact for fact in found}
    for path in code.holding(b"uvicorn"):
        tree = code.tree(path)
        for node, within in tree.nodes if tree else ():
            if isinstance(node, ast.Call) and names.resolve(code, path, node.func, within) in RUNS:
                if known and f"{path}:{node.lineno}" not in known:
                    continue
                argument = next((keyword.value for keyword in node.keywords if keyword.arg == role), None)
                value = values.fold(code, path, argument, within)
                if value and value.variable in by_name:
                    return Fact(value.variable, by_name[value.variable].because, key=_KEYS[role])
    # A level that must be a number is none that a server takes by name.
    names_only = {name for name, fact in by_name.items() if role == "port" or fact.value.type in {"str", "enum"}}
    name = settings_names.called(role, names_only)
    return Fact(name, by_name[name].because, "likely", key=_KEYS[role]) if name else None


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Where each variable is read, whether that runs before the first request, and what was passed over."""
    from lading.detect import application, reach

    code = Code(source)
    chosen = application.detect(code, settings)
    asked = Asked(code, reach.reach(code, chosen.path))
    told = [
        f"read in {len(settings_code.files(code))} files; {len(asked.reached)} files are imported by the application"
    ]
    for place in settings_classes.classes(code):
        made = settings_classes.made(asked, place)
        when = (
            "before the first request"
            if made
            else "later, or by other code"
            if made is False
            else "by nobody: left out"
        )
        told.append(f"{place.where}: settings class `{place.name}`, made {when}")
    for path in settings_code.files(code):
        tree = code.tree(path)
        where = "" if path in asked.reached else " (not imported by the application)"
        for fact in settings_code.variables(asked, tree) if tree else ():
            need = "required" if fact.value.required else "may be unset"
            told.append(f"{fact.because}: {fact.value.name} is read, {need}{where}")
    return tuple(told)

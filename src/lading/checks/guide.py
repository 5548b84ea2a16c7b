"""`DOCKER.md`, whoever wrote it → whether what it says is so: variables, ports, files, services, checks, figures."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lading.checks import composition
from lading.checks.evidence import Check, Said, counted, failed, passed, unknown
from lading.model import Finding, Plan

PATH = "DOCKER.md"

#: What a guide must have a heading for, whatever words it uses.
_PARTS = {
    "a quick start": r"quick ?start|getting started|run",
    "the configuration": r"configuration|environment|variables|settings",
    "development": r"development|developing|local",
    "what was hardened": r"harden\w*|security",
    "what to do about trouble": r"troubleshooting|problems|trouble",
}
_CODE = re.compile(r"`([^`\n]+)`")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT|HOST")
_FILE = re.compile(r"(?:[\w.-]+/)*(?:[\w.-]*\.(?:ya?ml|toml|md|py|ini|cfg|txt|lock|sh|conf)|Dockerfile)")
_PORT = re.compile(r"(?:127\.0\.0\.1|localhost):(\d{2,5})")
_COMPOSED = re.compile(r"docker[ -]compose(?: -f \S+)* (?:logs|restart|exec|run|ps|up)((?: [^\s`|<>#;&)]+)*)")
#: Options of those commands that a value follows.
_VALUED = {
    "--scale", "--tail", "-n", "--since", "--until", "--user", "-u", "--env", "-e", "--workdir", "-w", "-t",
}  # fmt: skip
#: Figures and grades that nobody measured.
_ASSERTED = re.compile(
    r"\b\d+(?:\.\d+)?\s?/\s?10\b|~\s?\d+\s?(?:%|MB)|\b100\s?% (?:secure|safe)|production[- ]ready", re.IGNORECASE
)
#: The launcher's own, and those that Compose and engines read.
_OWN = re.compile(
    r"LADING_\w+|PUBLISH\w*|WEB_CONCURRENCY|LOG_FORMAT|\w+_FILE|COMPOSE_\w+|DOCKER_\w+|FORWARDED_ALLOW_IPS|NAME_FILE"
)


def documentation_true(files: Mapping[str, str], plan: Plan, context: tuple[str, ...]) -> Said:
    """What the guide says agrees with the plan and with the files: each variable, port, file, service and check in it.

    Every variable of the plan is in its reference, with the default that holds, and none that nothing reads; commands
    name services that there are; a table of proofs names checks that there are; and there is no figure that nobody
    measured. Source: S3-8.
    """
    path = posixpath.normpath(posixpath.join(plan.layout.home, PATH))
    path = path if path in files else PATH  # the root's, where that is the project's own
    text = files.get(path)
    if text is None:
        return unknown(f"there is no {path} to read")
    said = [
        *_parts(text), *_variables(text, plan), *_ports(text, files, plan), *_named(text, files, plan, context),
        *_services(text, files, plan), *_proofs(text), *_figures(text),
    ]  # fmt: skip
    documented = sum(f"| `{one.name}` |" in text for one in plan.variables)
    return [replace(one, where=one.where.replace(PATH, path, 1)) for one in said] or passed(
        f"{counted(documented, 'variable')} and {counted(len(_CODE.findall(text)), 'name')} looked up"
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{PATH}:{number}", line) for number, line in enumerate(text.splitlines(), 1))


def _parts(text: str) -> Iterator[Finding]:
    heads = [line.lstrip("# ").lower() for line in text.splitlines() if re.match(r"#{1,4} ", line)]
    for what, words in _PARTS.items():
        if not any(re.search(rf"\b(?:{words})\b", head) for head in heads):
            yield failed(f"no heading is about {what}", where=PATH)


def _variables(text: str, plan: Plan) -> Iterator[Finding]:
    known = {one.name: one for one in plan.variables}
    named: dict[str, str] = {}
    for where, line in _lines(text):
        row = re.match(r"\| `(\w+)` \|", line)
        if row and _VARIABLE.fullmatch(row[1]):
            named[row[1]] = where
            one, cells = known.get(row[1]), [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            told = _CODE.fullmatch(cells[2]) if len(cells) > 4 else None
            if one is None and not _OWN.fullmatch(row[1]) and row[1] not in plan.env:
                yield failed(f"nothing reads the variable `{row[1]}`", where=where)
            elif one and told and "…" not in told[1] and (one.default or "") != told[1].replace("\\|", "|"):
                yield failed(f"the default of `{one.name}` is {one.default or 'none'}, not {told[1]}", where=where)
            elif one and one.secret and told:
                yield failed(f"a default of the secret `{one.name}` is shown", where=where)
    for name in known:
        if name not in named and f"`{name}`" not in text:
            yield failed(f"the variable `{name}` is not in the reference", where=PATH)


def _ports(text: str, files: Mapping[str, str], plan: Plan) -> Iterator[Finding]:
    opened = {plan.port.default}
    for file in composition.read(files, plan):
        for service in file.services.values() if file else ():
            opened |= {port for _, port, _ in composition.published(service)}
    named = {one.name for one in plan.variables}
    for where, line in _lines(text):
        row = re.match(r"\| `(\w+)` \|", line)
        # Another port as an example of another port, and what a variable says where nobody sets it.
        moved = "PUBLISH" in line or (row is not None and row[1] in named)
        for port in _PORT.findall(line):
            if port not in opened and not moved:
                yield failed(f"nothing listens on port {port}", where=where)


def _named(text: str, files: Mapping[str, str], plan: Plan, context: tuple[str, ...]) -> Iterator[Finding]:
    there = {*context, *files, *(posixpath.relpath(path, plan.layout.code) for path in context)}
    there |= {name for file in composition.read(files, plan) if file for name in file.declared("secrets")}
    folders = {posixpath.dirname(path) for path in there}
    for where, line in _lines(text):
        for name in (*_CODE.findall(line), *re.findall(r"\]\((?!https?:|#)([^)#\s]+)", line)):
            bare = name.removeprefix("./")
            known = bare in there or bare in folders or any(one.endswith("/" + bare) for one in there)
            if _FILE.fullmatch(bare) and not known:
                yield failed(f"there is no `{name}`", where=where)


def _services(text: str, files: Mapping[str, str], plan: Plan) -> Iterator[Finding]:
    names = {name for file in composition.read(files, plan) if file for name in file.services}
    for where, line in _lines(text):
        for found in _COMPOSED.finditer(line):
            words = found[1].split()
            plain = (
                word for word, before in zip(words, ["", *words], strict=False)
                if not word.startswith("-") and before not in _VALUED
            )  # fmt: skip
            name = next(plain, None)
            if name and name not in names:
                yield failed(f"there is no service `{name}`", where=where)


def _proofs(text: str) -> Iterator[Finding]:
    from lading.checks import CHECKS

    inside = False
    for where, line in _lines(text):
        if "proved by" in line and line.startswith("|"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside:
            for name in _CODE.findall(line.rpartition(" | ")[2]):
                if name not in CHECKS:
                    yield failed(f"there is no check `{name}`", where=where)


def _figures(text: str) -> Iterator[Finding]:
    for where, line in _lines(text):
        if found := _ASSERTED.search(line):
            hint = "say what `lading verify` proves, or leave it out"
            yield failed(f"`{found[0]}` is asserted, and nothing measured it", where=where, hint=hint)


CHECKS: tuple[Check, ...] = (documentation_true,)

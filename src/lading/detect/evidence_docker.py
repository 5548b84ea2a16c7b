"""Dockerfiles and compose files → how they start the backend, what they expose, and where they put which folder."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lading.detect import evidence_yaml
from lading.detect.evidence_shell import commands, expand, unwrapped

_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")
_PAIR = re.compile(r"""([A-Za-z_]\w*)=("(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|[^\s\\])*)""")


@dataclass(frozen=True, slots=True)
class Written:
    """A command as somebody wrote it: as words (exec form), or as a shell's text; and what it is run with."""

    words: tuple[str, ...]
    shell: str
    line: int
    known: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""  # in the container


@dataclass(slots=True)
class Stage:
    """What one `FROM … AS name` amounts to, that of the stages before it included."""

    name: str
    image: str
    env: dict[str, tuple[str, int]] = field(default_factory=dict)
    folder: str = "/"
    entrypoint: Written | None = None
    command: Written | None = None
    exposed: list[tuple[int, int]] = field(default_factory=list)  # port, line
    copies: list[tuple[str, str]] = field(default_factory=list)  # from the context, to the container
    line: int = 1

    def value(self, text: str) -> str:
        return expand(text, {name: value for name, (value, _) in self.env.items()})


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile, in order; the last one is what is run. Nothing in it can make this fail."""
    found: list[Stage] = []
    before: dict[str, Stage] = {}
    arguments: dict[str, tuple[str, int]] = {}
    for line, word, rest in _instructions(text):
        if word == "FROM":
            parts = [part for part in rest.split() if not part.startswith("--")]
            image = expand(parts[0], {name: value for name, (value, _) in arguments.items()}) if parts else ""
            stage = Stage(parts[2] if len(parts) > 2 else "", image, line=line)
            if base := before.get(image.lower()):
                stage.env, stage.folder, stage.image = dict(base.env), base.folder, base.image
                stage.entrypoint, stage.command = base.entrypoint, base.command
                stage.exposed, stage.copies = list(base.exposed), list(base.copies)
            found.append(stage)
            before[stage.name.lower()] = stage
            before[str(len(found) - 1)] = stage
        elif word == "ARG" and not found:
            arguments |= _pairs(rest, line)
        elif found:
            _apply(found[-1], word, rest, line, before)
    return found


def _apply(stage: Stage, word: str, rest: str, line: int, before: Mapping[str, Stage]) -> None:
    match word:
        case "ENV" | "ARG":
            pairs = _pairs(rest, line) or (_old(rest, line) if word == "ENV" else {})
            stage.env |= {name: (stage.value(value), number) for name, (value, number) in pairs.items()}
        case "WORKDIR":
            stage.folder = posixpath.normpath(posixpath.join(stage.folder, stage.value(rest.strip().strip("\"'"))))
        case "EXPOSE":
            ports = (stage.value(part).partition("/")[0] for part in rest.split())
            stage.exposed += [(int(port), line) for port in ports if re.fullmatch(r"\d{1,5}", port)]
        case "COPY" | "ADD":
            _copy(stage, rest, before)
        case "CMD":
            stage.command = _written(stage, rest, line)
        case "ENTRYPOINT":
            stage.entrypoint, stage.command = _written(stage, rest, line), None
        case _:
            pass


def _copy(stage: Stage, rest: str, before: Mapping[str, Stage]) -> None:
    flags = re.findall(r"--(\w+)=(\S+)", rest)
    words = re.sub(r"--\S+\s+", "", rest)
    listed = _json(words)
    parts = [stage.value(part) for part in (listed if listed is not None else words.split())]
    if len(parts) < 2:
        return
    *sources, target = parts
    to = posixpath.normpath(posixpath.join(stage.folder, target))
    origin = next((before.get(value.lower()) for name, value in flags if name == "from"), None)
    if any(name == "from" for name, _ in flags):
        for source in sources if origin else ():
            place = posixpath.normpath(posixpath.join("/", source))
            inner = [
                (context, to + inside[len(place) :])
                for context, inside in (origin.copies if origin else ())
                if inside == place or inside.startswith(place.rstrip("/") + "/")
            ]
            stage.copies += inner[:100]
        return
    stage.copies += [(posixpath.normpath(source.lstrip("/") or "."), to) for source in sources[:100]]


def _written(stage: Stage, rest: str, line: int) -> Written:
    known = {name: value for name, (value, _) in stage.env.items()}
    listed = _json(rest)
    if listed is not None:
        return Written(tuple(listed), "", line, known, stage.folder)
    return Written((), rest, line, known, stage.folder)


def _json(text: str) -> list[str] | None:
    text = text.strip()
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [str(item) for item in value] if isinstance(value, list) else None


def _pairs(text: str, line: int) -> dict[str, tuple[str, int]]:
    return {name: (_unquoted(value), line) for name, value in _PAIR.findall(text)}


def _old(text: str, line: int) -> dict[str, tuple[str, int]]:
    """`ENV NAME value`."""
    name, _, value = text.strip().partition(" ")
    return {name: (_unquoted(value.strip()), line)} if re.fullmatch(r"\w+", name) else {}


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Each instruction with its first line: continued lines joined, comments between them and heredocs left out."""
    joined: list[str] = []
    first, until = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if until:
            until = "" if line == until else until
            continue
        if not line or line.startswith("#"):
            continue
        first = first or number
        if line.endswith("\\"):
            joined.append(line[:-1])
            continue
        joined.append(line)
        if found := _INSTRUCTION.match(" ".join(joined)):
            yield first, found[1].upper(), found[2]
            heredoc = _HEREDOC.search(found[2]) if found[1].upper() in {"RUN", "COPY"} else None
            until = heredoc[1] if heredoc else ""
        joined, first = [], 0


@dataclass(frozen=True, slots=True)
class Composed:
    """A service of a compose file."""

    name: str
    image: str
    built: bool
    dockerfile: str
    context: str
    entrypoint: Written | None
    command: Written | None
    ports: tuple[tuple[int, int], ...]  # in the container, line
    environment: tuple[tuple[str, int], ...]  # names only
    line: int
    build_line: int  # of its Dockerfile's name, where it has one


def composed(text: str) -> Iterator[Composed]:
    """The services of a compose file."""
    root = evidence_yaml.read(text)
    services = root.get("services")
    for name, service in (services.table if services else {}).items():
        build = service.get("build")
        known = dict(_given(service))
        folder = _text(service.get("working_dir"))
        yield Composed(
            name=name,
            image=_text(service.get("image")),
            built=build is not None,
            context=(build.text or _text(build.get("context"))) if build else "",
            dockerfile=_text(build.get("dockerfile")) if build else "",
            entrypoint=_said(service.get("entrypoint"), known, folder),
            command=_said(service.get("command"), known, folder),
            ports=tuple(_ports(service)),
            environment=tuple((key, service.get("environment").line) for key in known)  # type: ignore[union-attr]
            if service.get("environment")
            else (),
            line=service.line,
            build_line=(build.get("dockerfile") or build).line if build else service.line,
        )


def _text(node: evidence_yaml.Node | None) -> str:
    return node.text if node else ""


def _said(node: evidence_yaml.Node | None, known: Mapping[str, str], folder: str) -> Written | None:
    if node is None:
        return None
    if node.items:
        words = tuple(item.text.replace("$$", "$") for item in node.items)
        return Written(words, "", node.line, known, folder)
    return Written((), node.text.replace("$$", "$"), node.line, known, folder) if node.text else None


def _given(service: evidence_yaml.Node) -> Iterator[tuple[str, str]]:
    node = service.get("environment")
    for item in node.items if node else ():
        name, _, text = item.text.partition("=")
        yield name.strip(), expand(text, {})
    for name, value in (node.table if node else {}).items():
        yield name, expand(value.text, {})


def _ports(service: evidence_yaml.Node) -> Iterator[tuple[int, int]]:
    for key in ("ports", "expose"):
        node = service.get(key)
        for item in node.items if node else ():
            text = expand(item.text or _text(item.get("target")), {}).partition("/")[0].rpartition(":")[2]
            if re.fullmatch(r"\d{1,5}", text):
                yield int(text), item.line


def words(entrypoint: Written | None, command: Written | None) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """What an entry point and a command come down to: the words of each simple command, its folder, its line.

    An entry point that is a script may well end in `exec "$@"`: then the command counts by itself too.
    """
    both = [part for part in (entrypoint, command) if part]
    if entrypoint and entrypoint.words and command and command.words:
        joined = Written(entrypoint.words + command.words, "", entrypoint.line, entrypoint.known, entrypoint.folder)
        both = [joined, command]
    for part in both:
        if part.words:
            known = part.known
            shell = part.words[0].rpartition("/")[2] in {"sh", "bash", "ash", "dash", "zsh"}
            plain = part.words if shell else tuple(expand(word, known) for word in part.words)
            found = unwrapped(plain, known, part.folder)
        else:
            found = commands(part.shell, part.known, part.folder)
        for command_ in found:
            yield command_.words, command_.folder, part.line


def mapped(copies: Sequence[tuple[str, str]], place: str) -> Iterator[str]:
    """The folders of the context that the container's folder `place` is made of."""
    place = posixpath.normpath(posixpath.join("/", place))
    for context, inside in copies:
        if place == inside:
            yield context
        elif inside == "/" or place.startswith(inside + "/"):
            yield posixpath.normpath(posixpath.join(context, place[len(inside.rstrip("/")) + 1 :]))
        elif inside.startswith(place.rstrip("/") + "/") and context.endswith(inside[len(place.rstrip("/")) :]):
            # `COPY src/app /code/app`: what is in /code lies in src.
            yield context[: -len(inside[len(place.rstrip("/")) :])].rstrip("/") or "."

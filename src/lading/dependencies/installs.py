"""Dockerfiles, README, CI and scripts → what the project itself installs: files, extras, groups, each with its line."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lading import views
from lading.source import Source

#: What nobody installs in production, whatever file says it: names of extras and groups, and parts of file names.
ASIDE = frozenset(
    {
        "all-dev", "bench", "benchmark", "build", "ci", "contrib", "cov", "coverage", "debug", "dev", "devel",
        "develop", "development", "doc", "docs", "documentation", "e2e", "example", "examples", "fmt", "format",
        "formatting", "integration", "jupyter", "lint", "linter", "linters", "linting", "local", "mypy", "notebook",
        "notebooks", "optional", "pre-commit", "profiling", "qa", "quality", "release", "ruff", "style", "test",
        "testing", "tests", "tool", "tooling", "tools", "types", "typing", "unittest",
    }
)  # fmt: skip

_COMMAND = re.compile(
    r"(?:^|[\s;&|`\"'\[,(])(?:(?P<pip>pip3?|uv pip)[\s\"',]+(?:install|sync|wheel)"
    r"|(?P<tool>poetry|uv|pdm|pipenv)[\s\"',]+(?:install|sync|export|run))\b(?P<rest>[^\n;&|]*)"
)
_DOCKERFILE = re.compile(r"(?:.*/)?(?:(?:Docker|Container)file(?:\.([\w.-]+))?|([\w.-]+)\.(?:Docker|docker)file)")
_WORD = re.compile(r"""\"([^\"]*)\"|'([^']*)'|((?:[^\s"',\[\]=]|=["']?|\[[^\]\s]*\])+)""")
#: Options whose value may look like a folder.
_TAKES = frozenset(
    {
        "--cache-dir", "--constraint", "--directory", "--extra-index-url", "--find-links", "--index-url", "--prefix",
        "--project", "--python", "--target", "-C", "-c", "-f", "-i", "-o", "-p", "-t", "-w",
    }
)  # fmt: skip

_LARGEST = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One command that installs something."""

    where: str
    weight: int  # 3 of an image for production, 2 of another script, 1 of what may be for tests
    tool: str = "pip"
    files: tuple[str, ...] = ()  # as the command names them
    extras: tuple[str, ...] = ()
    every: bool = False  # all extras
    groups: tuple[str, ...] = ()
    project: bool = False  # the project itself


def aside(name: str) -> bool:
    """Whether the name of an extra, a group or a file says that it is for development."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    return name.lower() in ASIDE or any(word in ASIDE for word in words)


def read(source: Source) -> tuple[Said, ...]:
    """Every such command, the weightiest first."""
    found = [said for path, weight in _papers(source) for said in _commands(source, path, weight)]
    return tuple(sorted(found, key=lambda said: -said.weight))


def dockerfiles(source: Source) -> tuple[str, ...]:
    """The Dockerfiles of production, the plainest name first, and that of the repository above."""
    named = (path for path in source.files if "ocker" in path or "ontainer" in path)  # most are not, in a large tree
    here = [(path, match) for path in named if path.count("/") <= 3 and (match := _DOCKERFILE.fullmatch(path))]
    kept = [path for path, match in here if not aside(match[1] or match[2] or "") and not _foreign(path)]
    above = views.upwards(source, "Dockerfile")
    listed = sorted(kept, key=lambda path: (path.count("/"), len(path), path))
    return tuple(dict.fromkeys((*listed, *([above] if above else []))))


def _foreign(path: str) -> bool:
    folders = path.lower().split("/")[:-1]
    return any(
        aside(folder) or "front" in folder or folder in {".devcontainer", "web", "ui", "client"} for folder in folders
    )


def _papers(source: Source) -> Iterator[tuple[str, int]]:
    yield from ((path, 3) for path in dockerfiles(source))
    for path in source.files:
        if path.endswith(".py"):
            continue
        depth, name = path.count("/"), posixpath.basename(path)
        if (
            depth <= 2
            and not _foreign(path)
            and (name in {"Procfile", "heroku.yml", "render.yaml", "nixpacks.toml"} or name.endswith(".sh"))
        ):
            yield path, 2
        elif re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|README(\.\w+)?|Makefile", path):
            yield path, 1


def _commands(source: Source, path: str, weight: int) -> Iterator[Said]:
    data = source.read(path)
    if len(data) > _LARGEST:
        return
    joined, first = "", 0
    for number, raw in enumerate(data.decode(errors="replace").splitlines(), 1):
        first = first or number
        line = raw.rstrip()
        if line.endswith("\\") and len(joined) < 10_000:
            joined += line[:-1] + " "
            continue
        for match in _COMMAND.finditer(joined + line):
            yield _said(match, f"{path}:{first}", weight)
        joined, first = "", 0


def _said(match: re.Match[str], where: str, weight: int) -> Said:
    words = list(_words(match["rest"][:2_000]))
    after = dict(enumerate(words[1:]))
    files, extras, groups, project, every = [], [], [], False, False
    for place, word in enumerate(words):
        rest = after.get(place, "")
        if word in {"-r", "--requirement"}:
            files.append(rest)
        elif word.startswith("-r"):
            files.append(word[2:])
        elif word in {"--extra", "-E", "--extras"}:
            extras += re.split(r"[\s,]+", rest)
        elif word in {"--with", "--only", "--group", "-G"}:
            groups += re.split(r"[\s,]+", rest)
        elif word == "--all-extras":
            every = True
        elif found := re.fullmatch(r"[./$][\w/.${}-]*(?:\[([^\]]+)\])?", word):
            project |= not place or words[place - 1] not in _TAKES
            extras += re.split(r"[\s,]+", found[1] or "")
    return Said(
        where=where, weight=weight, tool=match["tool"] or "pip", files=tuple(files), every=every,
        extras=tuple(filter(None, extras)), groups=tuple(filter(None, groups)), project=project,
    )  # fmt: skip


def _words(text: str) -> Iterator[str]:
    """The words of a command, of a shell's or of a JSON list; `--key=value` is two."""
    for quoted, single, plain in _WORD.findall(text):
        word = quoted or single or plain
        if word.startswith("--") and "=" in word:
            yield from word.split("=", 1)
        else:
            yield word.strip("\"'")


def chosen(source: Source, names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Which of the project's extras an image for production installs, and where that is said; none where none does."""
    known = {name.lower().replace("_", "-"): name for name in names}
    for said in read(source):
        if said.weight < 3:
            break
        wanted = [known[one.lower().replace("_", "-")] for one in said.extras if one.lower().replace("_", "-") in known]
        wanted = [name for name in wanted if not aside(name)]
        if said.every:
            wanted = [name for name in names if not aside(name)]
        if wanted:
            return tuple(dict.fromkeys(wanted)), said.where
    return (), ""


def groups(source: Source, names: Collection[str]) -> tuple[str, ...]:
    """Which of the project's dependency groups an image for production installs beside the plain dependencies."""
    asked = {group for said in read(source) if said.weight >= 3 for group in said.groups}
    return tuple(name for name in names if name in asked and name != "main" and not aside(name))

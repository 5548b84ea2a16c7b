"""Text of a shell → the simple commands in it: their words, wrappers such as `exec` and `poetry run` taken off."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

#: A command that somebody wrote is shorter, and so is how deep shells call shells.
LONGEST = 8000
DEEPEST = 6

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
#: Programs that run what follows them; the number is how many words of their own come first, flags not counted.
_WRAPPERS = {
    "exec": 0, "command": 0, "nohup": 0, "time": 0, "sudo": 0, "env": 0, "setsid": 0, "stdbuf": 0, "nice": 0, "then": 0,
    "do": 0, "else": 0, "!": 0, "{": 0, "dumb-init": 0, "tini": 0, "catatonit": 0, "gosu": 1, "su-exec": 1,
    "timeout": 1, "opentelemetry-instrument": 0, "ddtrace-run": 0, "heroku-exec": 0, "xvfb-run": 0, "chpst": 0,
    "catchsegv": 0, "start": 0, "wait-for-it": 1, "wait-for-it.sh": 1, "wait-for": 1, "dockerize": 0, "cross-env": 0,
}  # fmt: skip
#: `poetry run`, `uv run`: managers whose `run` runs what follows.
_RUNNERS = frozenset(
    {
        "poetry", "pipenv", "pdm", "uv", "rye", "hatch", "pixi", "conda", "micromamba", "doppler", "dotenv",
        "infisical", "op", "coverage", "newrelic-admin", "watchmedo", "docker", "docker-compose",
    }
)  # fmt: skip
_RUNS = frozenset({"run", "run-program", "auto-restart", "tool"})
#: Flags of wrappers and runners that take a value of their own.
_VALUED = frozenset(
    {
        "-n", "--name", "-p", "--python", "--with", "--extra", "--group", "--package", "--project", "-u", "--directory",
        "--env-file", "--env", "-e", "-d", "-C", "-f", "--config", "-c", "--user", "-k", "--signal", "--pattern",
        "--prefix", "-wait", "-timeout", "--only-group", "--no-group",
    }
)  # fmt: skip

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?[-=]([^{}]*))?[^{}]*\}|(\w+))")
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command: its words, variables put in as far as they are known, and the folder that `cd` went to."""

    words: tuple[str, ...]
    folder: str = ""

    @property
    def program(self) -> str:
        """The name of the program, without its folder."""
        return posixpath.basename(self.words[0]) if self.words else ""


def commands(text: str, known: Mapping[str, str] | None = None, folder: str = "", depth: int = 0) -> Iterator[Command]:
    """The commands of `text`, in order. `known` are variables with a value; one that is not known leaves nothing."""
    values, went = dict(known or {}), folder
    for words in _simple(text):
        expanded = [expand(word, values) for word in words]
        # A variable that is not known leaves nothing, unless an option waits for its value.
        kept = [word for word, before in zip(expanded, ("", *expanded), strict=False) if word or before.startswith("-")]
        while kept and (found := _ASSIGNED.fullmatch(kept[0])):
            values[found[1]] = found[2]
            kept = kept[1:]
        if kept and kept[0] in {"export", "set", "declare"}:
            values |= {found[1]: found[2] for word in kept[1:] if (found := _ASSIGNED.fullmatch(word))}
        elif len(kept) > 1 and kept[0] in {"cd", "pushd"}:
            went = kept[1] if kept[1].startswith("/") else posixpath.normpath(posixpath.join(went, kept[1]))
        elif kept:
            yield from unwrapped(kept, values, went, depth)


def unwrapped(
    words: Sequence[str], known: Mapping[str, str] | None = None, folder: str = "", depth: int = 0
) -> Iterator[Command]:
    """The command that `words` come down to; several when they are a shell's own text."""
    left = list(words)
    for _ in range(len(left)):
        name = posixpath.basename(left[0]) if left else ""
        if name in _SHELLS:
            script = _script(left[1:])
            if script and script[0]:
                if depth < DEEPEST:
                    yield from commands(script[1], known, folder, depth + 1)
                return
            left = [script[1]] if script else []
            break
        if name in _RUNNERS and len(left) > 1 and (at := _run(left)):
            left = _rest(left[at:], 0)
            if left[:1] == ["-m"]:
                left = ["python", *left]
        elif name in _WRAPPERS:
            left = _rest(left[1:], _WRAPPERS[name])
        elif _ASSIGNED.fullmatch(left[0]) if left else False:
            left = left[1:]
        else:
            break
    if left:
        yield Command(_module(left), folder)


def expand(word: str, known: Mapping[str, str]) -> str:
    """`word` with its variables: the known value, else the default in `${NAME:-default}`, else nothing."""

    def plain(found: re.Match[str]) -> str:
        # A default may be made of variables: `${APP:-$MODULE:app}`.
        default = _VARIABLE.sub(lambda inner: known.get(inner[1] or inner[3], ""), found[2] or "")
        return known.get(found[1] or found[3]) or default

    return _VARIABLE.sub(plain, word)


def _simple(text: str) -> Iterator[list[str]]:
    joined = _COMMENT.sub("", re.sub(r"\\\r?\n", " ", text[:LONGEST])).replace("\n", " ; ")
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    redirected = False
    try:
        for token in lexer:
            if token and not token.strip(";&|()"):
                yield words
                words, redirected = [], False
            elif token and not token.strip("<>&|"):
                redirected = True
                words = words[:-1] if words[-1:] in (["1"], ["2"]) else words  # 2>&1
            elif redirected:
                redirected = False
            else:
                words.append(token)
    except ValueError:  # a quotation that does not end
        words = joined.replace('"', " ").replace("'", " ").split()
    yield words


def _script(args: Sequence[str]) -> tuple[bool, str] | None:
    """What a shell is to run: whether it is text, as with `-c`, and it."""
    for number, word in enumerate(args):
        if re.fullmatch(r"-[a-z]*c", word):
            return (True, args[number + 1]) if number + 1 < len(args) else None
        if not word.startswith(("-", "+")) and args[number - 1 : number] != ["-o"]:
            return (False, word)
    return None


def _run(words: Sequence[str]) -> int:
    """The number of the word after `run`; 0 where the manager does something else."""
    return next((number + 1 for number, word in enumerate(words[:6]) if number and word in _RUNS), 0)


def _rest(words: Sequence[str], own: int) -> list[str]:
    """`words` without the flags that come first, and without `own` words after them."""
    left = list(words)
    number = 0
    while number < len(left) and left[number].startswith("-") and left[number] not in {"--", "-m"}:
        number += 2 if left[number] in _VALUED else 1
    left = left[number:]
    left = left[1:] if left[:1] == ["--"] else left[own:]
    return left[1:] if left[:1] == ["--"] else left


def _module(words: list[str]) -> tuple[str, ...]:
    """`python -m uvicorn …` as `uvicorn …`; other modules stay what they are, with Python's own flags gone."""
    if not re.fullmatch(r"python[\d.]*|py", posixpath.basename(words[0])):
        return tuple(words)
    number = 1
    while number < len(words) and re.fullmatch(r"-[A-Za-ln-z].*", words[number]):
        number += 2 if words[number] in {"-X", "-W"} else 1
    left = words[number:]
    if left[:1] == ["-m"] and left[1:2] and left[1] in MODULES:
        return tuple(left[1:])
    return ("python", *left)


#: Programs that may be started as modules of Python too.
MODULES = frozenset(
    {
        "uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "fastapi", "celery", "dramatiq", "arq", "rq", "taskiq",
        "faststream", "debugpy", "flask",
    }
)  # fmt: skip

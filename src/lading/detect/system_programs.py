"""The code → the programs that it runs: named in the call, by a constant, by a setting, or by who calls a wrapper."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lading.detect import names, packaging, settings_bound, settings_calls, values
from lading.detect.code import Code, Function, flat
from lading.detect.names import Place
from lading.model import Confidence

_CALLS = frozenset(
    {
        "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
        "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "os.system", "os.popen",
        "subprocess.getoutput", "subprocess.getstatusoutput", "anyio.run_process", "anyio.open_process",
        "asyncio.subprocess.create_subprocess_exec", "asyncio.subprocess.create_subprocess_shell", "pexpect.spawn",
        "os.execvp", "os.spawnlp",
    }
)  # fmt: skip
#: What asks where a program is.
_FINDS = frozenset({"shutil.which", "distutils.spawn.find_executable"})
_WORDS = (b"subprocess", b"os.system", b"os.popen", b"run_process", b"open_process", b"pexpect", b"os.execvp",
          b"os.spawnlp")  # fmt: skip

#: Calls that give what they are given, as far as the first word goes.
_SAME = frozenset({"list", "tuple", "str", "Path", "split", "join", "fspath", "quote"})

#: So many expressions may name the program of one call.
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Run:
    """A program that the code runs."""

    program: str  # the last part of its path
    call: str  # what runs it: `subprocess.run`
    where: str
    sure: Confidence = "sure"


def runs(code: Code, reached: Collection[str]) -> Iterator[Run]:
    """Every program that the reached files run, where they do not go on without it."""
    for path, node, within, called, command in _starts(code, reached):
        for program, (file, line) in _programs(code, path, command, within, set()):
            here = (file, line) == (path, command.lineno)
            if not any(_caught(code, *place) for place in ((path, node.lineno), (file, line))):
                yield Run(program, called, f"{path}:{node.lineno}" if here else f"{file}:{line}")
    yield from _found(code, reached)


def first(code: Code, reached: Collection[str]) -> str | None:
    """The first place of the reached files that starts a program, whichever it is."""
    return next((f"{path}:{node.lineno}" for path, node, *_ in _starts(code, reached)), None)


def _found(code: Code, reached: Collection[str]) -> Iterator[Run]:
    """The programs that the code looks for, and does not go on without."""
    for path in code.having(reached, b"which(", b"find_executable("):
        tree = code.tree(path)
        optional = {id(one) for stmt in tree.body for one in _optional(stmt)} if tree else set()
        for node, within in tree.nodes if tree else ():
            if not isinstance(node, ast.Call) or id(node) in optional or not node.args:
                continue
            meaning = names.resolve(code, path, node.func, within)
            for program, _ in _programs(code, path, node.args[0], within, set()) if meaning in _FINDS else ():
                yield Run(program, str(meaning), f"{path}:{node.lineno}", "likely")


def _starts(code: Code, reached: Collection[str]) -> Iterator[tuple[str, ast.Call, Function | None, str, ast.expr]]:
    for path in code.having(reached, *_WORDS):
        tree = code.tree(path)
        for node, within in tree.nodes if tree else ():
            if isinstance(node, ast.Call):
                called, command = _command(code, path, node, within)
                if command is not None:
                    yield path, node, within, called, command


def _caught(code: Code, path: str, line: int) -> bool:
    tree = code.tree(path)
    return tree is not None and packaging.caught(tree.body, line, "FileNotFound", "OSError")


def _command(code: Code, path: str, node: ast.Call, within: Function | None) -> tuple[str, ast.expr | None]:
    """What runs a program, and the expression that names the program: `to_thread(subprocess.run, […])` too."""
    every = [node.func, *node.args[:2]]
    for place, one in enumerate(every):
        called = names.resolve(code, path, one, within) if isinstance(one, ast.Name | ast.Attribute) else None
        if isinstance(called, str) and called in _CALLS:
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            rest = node.args[place:]
            first = rest[0] if rest else given.get("args") or given.get("cmd") or given.get("program")
            return called, first.value if isinstance(first, ast.Starred) else first
    return "", None


def _programs(
    code: Code, path: str, node: ast.expr | None, within: Function | None, seen: set[int]
) -> Iterator[tuple[str, tuple[str, int]]]:
    """The programs that an expression may name first, each with the file and the line of its name."""
    # Wrappers may call each other, and each may be called from everywhere: what was asked before says nothing new.
    if node is None or id(node) in seen or len(seen) > _MOST:
        return
    seen.add(id(node))
    inner: list[ast.expr | None]
    match node:
        case ast.Constant(value=str(text)):
            word = text.split(maxsplit=1)[0] if text.split() else ""
            yield word.rpartition("/")[2], (path, node.lineno)
            return
        case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]) | ast.JoinedStr(values=[first, *_]):
            inner = [first]
        case ast.Starred(value=first) | ast.FormattedValue(value=first) | ast.BinOp(left=first, op=ast.Add()):
            inner = [first]
        case ast.BoolOp(values=some):
            inner = [*some]
        case ast.IfExp(body=body, orelse=orelse):
            inner = [body, orelse]
        case ast.Call():
            yield from _called(code, path, node, within, seen)
            return
        case ast.Name() | ast.Attribute():
            yield from _named(code, path, node, within, seen)
            return
        case _:
            return
    for one in inner:
        yield from _programs(code, path, one, within, seen)


def _called(
    code: Code, path: str, node: ast.Call, within: Function | None, seen: set[int]
) -> Iterator[tuple[str, tuple[str, int]]]:
    last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    meaning = names.resolve(code, path, node.func, within)
    if last in _SAME or meaning in _FINDS:
        yield from _programs(code, path, node.args[0] if node.args else None, within, seen)
    elif isinstance(meaning, Place) and isinstance(meaning.node, ast.FunctionDef | ast.AsyncFunctionDef):
        for stmt in flat(meaning.node.body):
            if isinstance(stmt, ast.Return):
                yield from _programs(code, meaning.path, stmt.value, meaning.node, seen)
    elif (value := values.fold(code, path, node, within)) and value.whole:
        yield value.text.rpartition("/")[2], (path, node.lineno)


def _named(
    code: Code, path: str, node: ast.Name | ast.Attribute, within: Function | None, seen: set[int]
) -> Iterator[tuple[str, tuple[str, int]]]:
    """What a constant holds, what a setting's default is, what the calls of a wrapper give it."""
    owner = names.scope(code, path, within, node.id) if isinstance(node, ast.Name) else None
    if isinstance(node, ast.Name) and owner and node.id not in names.local(code, owner) and _takes(owner, node.id):
        for file, value, function in settings_calls.given(code, path, owner, node.id):
            yield from _programs(code, file, value, function, seen)
        return
    if isinstance(node, ast.Name) and owner and (steps := settings_bound.steps(code, path, node, owner, within)):
        for step in steps:
            yield from _programs(code, path, step.value, owner, seen)
        return
    match names.resolve(code, path, node, within):
        case Place(path=file, node=ast.expr() as value) if value is not node:
            yield from _programs(code, file, value, within if file == path else None, seen)
        case _:
            if (known := values.fold(code, path, node, within)) and known.whole and known.text:
                yield known.text.rpartition("/")[2], (path, node.lineno)


def _takes(function: Function, name: str) -> bool:
    given = function.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, *([given.vararg] if given.vararg else ()))
    return any(one.arg == name for one in every)


def _optional(stmt: ast.stmt) -> Iterator[ast.AST]:
    """Whatever is asked by an `if` that goes on either way: `if shutil.which("git"): …`, but not one that raises."""
    for node in ast.walk(stmt):
        if isinstance(node, ast.IfExp) or (
            isinstance(node, ast.If) and not any(isinstance(one, ast.Raise) for one in flat([*node.body, *node.orelse]))
        ):
            yield from ast.walk(node.test)

"""The bytes of the files → the names that readings of the environment begin with, so that most calls are passed by."""

from __future__ import annotations

import ast
import re

from lading.detect.code import Code

#: Where a file reads variables at all, one of these is in it.
WORDS = (b"os.environ", b"environ[", b"environ.", b"import environ", b"getenv", b"decouple", b"starlette.config",
         b"dotenv", b"envvar")  # fmt: skip
_READS = re.compile(rb"\benviron\b|getenv|\bconfig\(|\benv[.(]")

#: The readers of a project's own that are looked for in other files: each costs a search of all of them.
MOST = 200

#: The names that the libraries themselves give.
USUAL = frozenset({"getenv", "getenvb", "environ", "environb", "config", "env", "get", "pop", "setdefault"})

_RENAMED = re.compile(
    rb"^[ \t]*from[ \t]+(?:os|decouple|environs)[ \t]+import\b[^\n]*\b(?:environ|getenv|config|env)[ \t]+as[ \t]+(\w+)",
    re.MULTILINE,
)
_MADE = re.compile(
    rb"^[ \t]*(\w+)[ \t]*(?::[^=\n]{1,80})?=[ \t]*"
    rb"(?:(?:\w+\.)*(?:(Config|AutoConfig|Env|FileAwareEnv|dotenv_values)\(|environb?[ \t]*$)|\{\s*\*\*)",
    re.MULTILINE,
)
#: What follows the name of an object that reads, by what made it; `[` and `.` for a dictionary.
_ENDS = {b"Config": b"(", b"AutoConfig": b"(", b"Env": b"(.", b"FileAwareEnv": b"(."}


def called(code: Code) -> frozenset[str]:
    """The names that a reading may begin with: of `os`, of objects that read, and of the project's own functions."""
    if ("called",) not in code.memo:
        code.memo["called",] = USUAL | {word[:-1].decode(errors="replace") for word in words(code)}
    found: frozenset[str] = code.memo["called",]
    return found


def words(code: Code) -> frozenset[bytes]:
    """How readings by the project's own objects and functions are written: `config(`, `env.`, `require(`."""
    if ("readers",) not in code.memo:
        found: set[bytes] = set()
        for path in code.holding(*WORDS):
            data = code.data(path)
            for match in _MADE.finditer(data):
                found |= {match[1] + bytes([end]) for end in _ENDS.get(match[2] or b"", b"[.")}
            found |= {match[1] + bytes([end]) for match in _RENAMED.finditer(data) for end in b"[.("}
            tree = code.tree(path)
            functions = [one for one in (tree.statements if tree else ()) if isinstance(one, ast.FunctionDef)]
            lines = data.split(b"\n") if functions else []
            for one in functions:
                inside = lines[one.lineno : one.end_lineno] if one.args.args or one.args.posonlyargs else ()
                found |= {one.name.encode() + b"("} if any(_READS.search(line) for line in inside) else set()
        code.memo["readers",] = frozenset(found)
    result: frozenset[bytes] = code.memo["readers",]
    return result


def maybe(code: Code, node: ast.AST) -> bool:
    """Whether a node can be a reading, by its names alone: most calls cannot, and nothing is looked up for them."""
    match node:
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), ctx=ast.Load()):
            return name in called(code)
        case ast.Call(func=ast.Name(id=name)):
            return name in called(code)
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)):
            name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            return attr in called(code) or name in called(code)
        case _:
            return False

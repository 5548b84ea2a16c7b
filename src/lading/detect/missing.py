"""No application → what was looked for, what was seen instead, and the likely typo."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator, Sequence

from lading.detect import reach
from lading.detect.candidates import Candidate
from lading.detect.code import Broken, Code
from lading.errors import BadInput, NotFound

_KEY = 'name it with `application = "package.module:app"` under `[tool.lading]` in pyproject.toml'

#: Frameworks of whose applications somebody may think that they are served here.
_OTHERS = ("Flask", "Starlette", "Litestar", "Quart", "Sanic", "Bottle", "Falcon", "Django")

#: How many things a message names before it says how many more there are.
_MOST = 3


def unparsed(path: str, broken: Broken) -> BadInput:
    """The error for an application whose file Python cannot parse."""
    return BadInput(
        f"the application's own file cannot be parsed: {broken.reason}",
        where=f"{path}:{broken.line}",
        hint="mend it, or name another application with the key `application`",
    )


def application(code: Code) -> NotFound:
    """The error for a project without a FastAPI application: what was looked for, what was seen."""
    seen = list(_seen(code))
    more = f", and {len(seen) - _MOST} more" if len(seen) > _MOST else ""
    said = f"; seen: {', '.join(seen[:_MOST])}{more}" if seen else ""
    count = f"{len(code.files)} Python file{'' if len(code.files) == 1 else 's'}"
    return NotFound(
        "no FastAPI application found: looked for `app = FastAPI()` at the top of a module, and for a function that "
        f"returns one, in {count}{said}",
        hint=_typo(code) or (_KEY if code.files else "give the folder that holds the backend's code"),
    )


def nearest(code: Code, target: str, found: Sequence[Candidate]) -> str:
    """What the setting `application` was perhaps meant to say."""
    targets = [f"{reach.dotted(one.path, reach.importable(code, one.path))}:{one.name}" for one in found]
    near = difflib.get_close_matches(target, targets, n=1, cutoff=0.5) or targets
    return f"did you mean `{near[0]}`?" if near else "write it as `package.module:app`, from the folder on the path"


def _seen(code: Code) -> Iterator[str]:
    """What comes near: files that cannot be parsed, applications of tests, routers without one, other frameworks."""
    for path, broken in sorted(code.broken.items()):
        yield f"{path}:{broken.line} cannot be parsed ({broken.reason})"
    for path in code.aside:
        if line := _line(code, path, rb"^\w+\s*(?::[^=\n]+)?=\s*(?:\w+\.)?FastAPI\("):
            yield f"{path}:{line} has one, but that folder is taken for tests, documents or examples"
    for framework in _OTHERS:
        for path in code.holding(framework.encode()):
            if line := _line(code, path, rb"=\s*(?:\w+\.)?%s\(" % framework.encode()):
                yield f"{path}:{line} makes a {framework} application"
    for path in code.holding(b"APIRouter("):
        yield f"{path}:{_line(code, path, rb'APIRouter[(]')} makes a router, which no application includes"
        break


def _typo(code: Code) -> str:
    """A call whose name is nearly `FastAPI`."""
    for path in code.holding(b"fastapi", b"FastApi", b"Fastapi", b"FASTAPI"):
        tree = code.tree(path)
        for node, _ in tree.nodes if tree else ():
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name != "FastAPI":
                    if difflib.get_close_matches(name.lower(), ["fastapi"], n=1, cutoff=0.8):
                        return f"{path}:{node.lineno} calls `{name}()`: did you mean `FastAPI()`?"
                case _:
                    pass
    return ""


def _line(code: Code, path: str, pattern: bytes) -> int:
    """The line of the first match, from 1; 0 where there is none."""
    found = re.search(pattern, code.data(path), re.MULTILINE)
    return code.data(path).count(b"\n", 0, found.start()) + 1 if found else 0

"""The calls that read and write files → each with the path that it is given, and what it is for."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lading.detect import files_paths, loops, names
from lading.detect.code import Code, Function, every
from lading.detect.files_paths import Located
from lading.detect.loops import Part
from lading.detect.settings_drivers import Declared

Purpose = Literal["templates", "static", "data", "certificates", "uploads", "logs", "cache", "settings"]

_WORDS = (b"StaticFiles(", b"Templates(", b"FileSystemLoader(", b"open(", b".read_text(", b".read_bytes(",
          b".write_text(",
          b".write_bytes(", b"makedirs(", b".mkdir(", b"FileHandler", b"loguru", b"ssl_", b"load_cert_chain(",
          b"fileConfig(", b"FileResponse(", b"RepositoryEnv(", b"RepositoryIni(", b"starlette.config",
          b"basicConfig(", b"shutil.copy", b"shutil.move(", b"os.replace(", b"os.rename(",
          b"aerich")  # fmt: skip

_READS = frozenset({"read_text", "read_bytes"})
_WRITES = frozenset({"write_text", "write_bytes", "mkdir", "touch"})
_FOLDERS = frozenset({"makedirs", "mkdir", "Command"})  # the last is Aerich's
#: Who goes through a longer list of paths writes data.
_TURNS = 50
_MOVES = frozenset({"copy", "copy2", "copyfile", "copytree", "move", "replace", "rename"})
_CERTIFICATES = frozenset({"ssl_keyfile", "ssl_certfile", "ssl_ca_certs", "certfile", "keyfile", "cafile"})
_ASKS = frozenset({"exists", "isfile", "isdir", "is_file", "is_dir", "access", "stat", "glob", "listdir"})
_HANDLERS = (
    "FileHandler",
    "RotatingFileHandler",
    "TimedRotatingFileHandler",
    "WatchedFileHandler",
    "ConcurrentRotatingFileHandler",
)


@dataclass(frozen=True, slots=True)
class Use:
    """One call that reads or writes a path."""

    path: str  # the file of code
    line: int
    node: ast.Call | ast.Dict
    within: Function | None
    at: Located | None
    written: bool = False
    hard: bool = True  # fails where the path is not there
    purpose: Purpose | None = None
    makes: bool = False  # the folder
    opens: bool = False  # writes it as a file


def uses(code: Code, reached: Collection[str], has: Declared) -> tuple[Use, ...]:
    """Every call that reads or writes a path in the files that the application imports, in their order."""
    key = ("uses", has.newest("starlette"), has.newest("fastapi"))
    if key not in code.memo:
        found: list[Use] = []
        for path in code.holding(*_WORDS):
            tree = code.tree(path) if path in reached else None
            for node, within in tree.nodes if tree else ():
                if isinstance(node, ast.Call):
                    found += _of(code, path, node, within, has)
            found += _dictionaries(code, path) if path in reached else ()
        code.memo[key] = tuple(found)
    result: tuple[Use, ...] = code.memo[key]
    return result


def _of(  # noqa: C901, PLR0912 - a table
    code: Code, path: str, node: ast.Call, within: Function | None, has: Declared
) -> Iterator[Use]:
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    first = node.args[0] if node.args else None

    def use(
        at: ast.expr | None, *, written: bool = False, hard: bool = True, purpose: Purpose | None = None
    ) -> Iterator[Use]:
        for turn in loops.turns(code, path, node, within)[:_TURNS] if at is not None else ():
            one = loops.meant(Part(path, at, within), turn) if at is not None else None
            located = files_paths.locate(code, one.path, one.node, one.within) if one else None
            opens = written and name not in _FOLDERS and name not in _MOVES and located is not None and located.whole
            yield Use(path, node.lineno, node, within, located, written, hard, purpose, name in _FOLDERS, opens)

    if name == "StaticFiles":
        check = given.get("check_dir")
        hard = not (isinstance(check, ast.Constant) and check.value is False)
        yield from use(given.get("directory", first), hard=hard, purpose="static")
    elif name in {"Jinja2Templates", "FileSystemLoader"}:
        folders = given.get("directory") or given.get("searchpath") or first
        for one in folders.elts if isinstance(folders, ast.List | ast.Tuple) else [folders]:
            yield from use(one, hard=False, purpose="templates")
    elif name == "FileResponse":
        yield from use(given.get("path", first), hard=False, purpose=None)
    elif name == "open" and (
        isinstance(func, ast.Name) or _owner(func) in {"aiofiles", "io", "codecs", "gzip", "anyio"}
    ):
        yield from use(given.get("file", first), written=_writes(node.args[1] if node.args[1:] else given.get("mode")))
    elif name == "open" and isinstance(func, ast.Attribute) and _is_path(code, path, func.value, within):
        yield from use(func.value, written=_writes(first or given.get("mode")))
    elif name in _READS and isinstance(func, ast.Attribute):
        yield from use(func.value)
    elif name in _FOLDERS and isinstance(func, ast.Attribute) and _owner(func) == "os":
        yield from use(given.get("name", first), written=True, hard=False)
    elif name in _WRITES and isinstance(func, ast.Attribute):
        yield from use(func.value, written=True, hard=False)
    elif name in _MOVES and isinstance(func, ast.Attribute) and _owner(func) in {"shutil", "os"}:
        yield from use(given.get("dst", node.args[1] if node.args[1:] else None), written=True, hard=False)
    elif name in _HANDLERS:
        yield from use(given.get("filename", first), written=True, hard=False, purpose="logs")
    elif name == "add" and isinstance(func, ast.Attribute) and _is_loguru(code, path, func.value, within):
        at = given.get("sink", first)
        sinks = use(at, written=True, hard=False, purpose="logs") if not _is_stream(at) else ()
        yield from (replace(one, at=_begun(one.at)) for one in sinks)
    elif name == "basicConfig" and "filename" in given:
        yield from use(given["filename"], written=True, hard=False, purpose="logs")
    elif name == "Command" and _writes_revisions(code, path, func, within):
        yield from use(given.get("location", ast.Constant("migrations")), written=True, hard=False)
    elif name == "fileConfig":
        yield from use(given.get("fname", first), purpose="settings")
    elif name in {"RepositoryEnv", "RepositoryIni"}:
        yield from use(first, purpose="settings")
    elif name == "load_cert_chain":
        for one in node.args[:2]:
            yield from use(one, purpose="certificates")
    elif name == "Config" and names.resolve(code, path, func, within) == "starlette.config.Config":
        yield from use(given.get("env_file", first), purpose="settings") if _starlette_fails(has) else ()
    for key in sorted(_CERTIFICATES & given.keys()):
        yield from use(given[key], hard=False, purpose="certificates")


def _dictionaries(code: Code, path: str) -> Iterator[Use]:
    """`logging.config.dictConfig`'s handlers: `{"class": "logging.FileHandler", "filename": "logs/app.log"}`."""
    if b"filename" not in code.data(path) or b"FileHandler" not in code.data(path):
        return
    tree = code.tree(path)
    for node, within in every(tree) if tree else ():
        if isinstance(node, ast.Dict):
            keys = [one.value if isinstance(one, ast.Constant) else None for one in node.keys]
            if "class" in keys and "filename" in keys:
                at = node.values[keys.index("filename")]
                located = files_paths.locate(code, path, at, within)
                yield Use(path, at.lineno, node, within, located, written=True, hard=False, purpose="logs")


def asks(code: Code, use: Use) -> bool:
    """Whether the code looks first: `if os.path.exists(…)`, in the function, or of the same path in the module."""
    key = ("asks", use.path)
    if key not in code.memo:
        found: dict[Function | None, set[Located | None]] = {}
        tree = code.tree(use.path)
        for node, within in tree.nodes if tree else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ASKS:
                owner = node.args[0] if node.args else node.func.value
                found.setdefault(within, set()).add(files_paths.locate(code, use.path, owner, within))
        code.memo[key] = found
    asked: dict[Function | None, set[Located | None]] = code.memo[key]
    return use.within in asked if use.within else use.at in asked.get(None, ())


def _writes_revisions(code: Code, path: str, func: ast.expr, within: Function | None) -> bool:
    """Whether the application itself writes Aerich's migrations, by `Command(…)`, and does not only apply them."""
    writes = any(word in code.data(path) for word in (b".init_db(", b".migrate("))
    return writes and names.resolve(code, path, func, within) == "aerich.Command"


def _starlette_fails(has: Declared) -> bool:
    """Whether `Config(".env")` fails without the file: Starlette 0.36.0 to 0.37.0 do (encode/starlette#2422, #2485)."""
    version = has.versions.get("starlette")
    if version is None:  # FastAPI's own bounds decide: 0.109.2 and 0.110.0 take no other Starlette
        version = (0, 36, 3) if has.newest("fastapi") in {(0, 109, 2), (0, 110, 0)} else (0, 37, 1)
    return (0, 36) <= version < (0, 37, 1)


def _writes(mode: ast.expr | None) -> bool:
    return isinstance(mode, ast.Constant) and any(letter in str(mode.value) for letter in "wax+")


def _owner(func: ast.expr) -> str:
    return func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""


def _is_path(code: Code, path: str, node: ast.expr, within: Function | None) -> bool:
    """Whether `x.open()` is of a path, and not of an archive or an image: it was made as one."""
    return isinstance(node, ast.BinOp) or files_paths.locate(code, path, node, within) is not None


def _is_loguru(code: Code, path: str, node: ast.expr, within: Function | None) -> bool:
    return names.resolve(code, path, node, within) == "loguru.logger"


def _begun(at: Located | None) -> Located | None:
    """The folder of a name that loguru fills in, `logs/app_{time}.log`."""
    if at is None or "{" not in at.path:
        return at
    return replace(at, path=at.path.partition("{")[0].rpartition("/")[0], whole=False)


def _is_stream(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Attribute | ast.Lambda) and not (
        isinstance(node, ast.Attribute) and node.attr not in {"stdout", "stderr"}
    )

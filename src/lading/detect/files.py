"""The code → the files and folders that it reads and writes at run time, and whether they are in the tree."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lading import gitignore
from lading.detect import files_calls, settings_drivers, settings_guards
from lading.detect.code import Code
from lading.detect.files_calls import Use
from lading.detect.files_paths import Located
from lading.detect.settings_code import Asked
from lading.detect.settings_drivers import Declared
from lading.model import Dependencies, Fact, Place
from lading.settings import Settings
from lading.source import Source

Purpose = Literal["templates", "static", "data", "certificates", "uploads", "logs", "cache", "settings"]

_SETTINGS = re.compile(
    r"(?:.*/)?(?:(?:.*[-_.])?(?:settings?|config(?:uration)?|conf|secrets|logging|log_?config)(?:[-_.].*)?"
    r"\.(?:ya?ml|toml|ini|cfg|conf|json|env)|\.env(?:\..*)?|.*\.(?:env|ini|cfg|conf))"
)
_CERTIFICATES = re.compile(r".*\.(?:pem|key|crt|cert|cer|p12|pfx|jks|pub)|.*(?:private|public)[-_]?key.*")
_WORDS: tuple[tuple[str, Purpose], ...] = (
    (r"upload|media|attachments?", "uploads"), (r"logs?(?:$|[/_.-])|\.log", "logs"),
    (r"cache|te?mp(?:$|[/_.-])", "cache"),
)  # fmt: skip
#: What an operating system gives a program: no business of the image's.
_SYSTEM = ("/proc", "/sys", "/dev", "/etc/os-release", "/etc/resolv.conf", "/bin", "/usr")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A use of a path, with what it stands for."""

    use: Use
    path: str
    present: bool
    purpose: Purpose
    starts: bool  # before the first request, whatever is set
    needed: bool  # fails there when it is not there


def detect(code: Code, reached: Collection[str], entry: str, dependencies: Dependencies) -> tuple[Fact[Place], ...]:
    """The files and folders, by path; those that are neither in the tree nor needed at the start are left out.

    `reached` are the files that the application imports, and `entry` is the factory that makes it, where there is one.
    """
    asked, has = Asked(code, reached, entry), settings_drivers.declared(dependencies)
    found: dict[str, _Seen] = {}
    seen = list(_every(asked, has))
    made = {one.path for one in seen if one.use.written}
    folders = [one.path for one in seen if one.use.makes]
    early = [one.path for one in seen if one.use.makes and one.starts]
    opened = {one.path for one in seen if one.use.opens}
    for one in seen:
        below = any(one.path == path or one.path.startswith(f"{path}/") for path in made)
        below = below or any(path.startswith(f"{one.path}/") for path in early)  # makedirs makes what is above, too
        if not one.use.written and not one.present and (not one.needed or below):
            continue
        before = found.get(one.path)
        if before is None or (one.use.written, one.needed) > (before.use.written, before.needed):
            found[one.path] = one
    return tuple(
        Fact(
            Place(
                path=path,
                use=one.purpose,
                written=one.use.written,
                present=one.present,
                variable=one.use.at.variable if one.use.at else None,
                made=any(folder == path or folder.startswith(f"{path}/") for folder in folders),
                opened=path in opened,
                needed=one.needed,
                relative=one.use.at is not None and not one.use.at.anchored and not path.startswith("/"),
            ),
            f"{one.use.path}:{one.use.line}",
            # Whether a request ever reads a file depends on the request; what is written has to be somewhere.
            "sure" if one.starts or one.use.written else "likely",
            key="written",
        )
        for path, one in sorted(found.items())
    )


def _every(asked: Asked, has: Declared) -> Iterator[_Seen]:
    code = asked.code
    for use in files_calls.uses(code, asked.reached, has):
        if use.at is None or not _is_ours(use.at):
            continue
        path = use.at.path
        present = _present(code, use)
        purpose = use.purpose or _purpose(path, written=use.written)
        over = settings_guards.under(code, use.path).get(id(use.node), settings_guards.Under())
        runs = settings_guards.runs(code, use.path, over, use.within)
        starts = asked.starts(use.path, use.within)
        checked = over.caught or files_calls.asks(code, use)
        needed = use.hard and starts and runs is True and not checked and use.at.whole
        yield _Seen(use, path, present, purpose, starts and runs is True, needed)


def _is_ours(at: Located) -> bool:
    return (
        at.path not in {".", "..", "/", ""}
        and not at.path.startswith(("../", "~", *_SYSTEM))
        and re.search(r"[*?{}<>|$%]", at.path) is None
    )


def _present(code: Code, use: Use) -> bool:
    """Whether the tree has it: from the root, or from a folder above the file that names it."""
    if use.at is None or use.at.path.startswith("/"):
        return False
    bases = [""] if use.at.anchored else ["", *_above(use.path)]
    return any(exists(code, posixpath.normpath(posixpath.join(base, use.at.path))) for base in bases)


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def exists(code: Code, path: str) -> bool:
    """Whether the tree has the file or the folder."""
    return path in code.source.files or path in _folders(code)


def _folders(code: Code) -> Collection[str]:
    key = ("folders",)
    if key not in code.memo:
        found: set[str] = set()
        for path in code.source.files:
            inner = posixpath.dirname(path)
            while inner and inner not in found:
                found.add(inner)
                inner = posixpath.dirname(inner)
        code.memo[key] = found
    result: Collection[str] = code.memo[key]
    return result


def _purpose(path: str, *, written: bool) -> Purpose:
    low = path.lower()
    if _CERTIFICATES.fullmatch(low):
        return "certificates"
    for pattern, purpose in _WORDS:
        if re.search(rf"(?:^|/|[_.-])(?:{pattern})", low):
            return purpose
    if _SETTINGS.fullmatch(low) and not written:
        return "settings"
    return "data"


def switches(asked: Asked, has: Declared) -> Iterator[tuple[str, str, str]]:
    """A variable, its value, and the line that fails without it: one that mounts a folder that is not there."""
    for use in files_calls.uses(asked.code, asked.reached, has):
        if (
            use.purpose != "static"
            or not use.hard
            or use.at is None
            or not use.at.whole
            or use.path not in asked.reached
        ):
            continue
        over = settings_guards.under(asked.code, use.path).get(id(use.node), settings_guards.Under())
        if _present(asked.code, use) or files_calls.asks(asked.code, use) or not asked.starts(use.path, use.within):
            continue
        if settings_guards.runs(asked.code, use.path, over, use.within) is True:
            found = settings_guards.changes(asked.code, use.path, over, use.within)
            if found:
                yield *found, f"{use.path}:{use.line}"


def notes(code: Code, reached: Collection[str], entry: str, dependencies: Dependencies) -> Iterator[Fact[str]]:
    """What must be given or built before the start, and what the project's own files say of it."""
    files: Mapping[str, bool] = code.source.files
    git = ignored(code)
    asked, has = Asked(code, reached, entry), settings_drivers.declared(dependencies)
    instead = {where: f", or `{name}` set to `{value}`" for name, value, where in switches(asked, has)}
    for fact in detect(code, reached, entry, dependencies):
        place = fact.value
        if place.present or place.written:
            continue
        examples = [path for path in files if posixpath.dirname(path) == posixpath.dirname(place.path)
                    and _is_example(posixpath.basename(path), posixpath.basename(place.path))]  # fmt: skip
        like = f", like `{examples[0]}`" if examples else ""
        why = ", which git ignores," if git(place.path) else ""
        what = "must be built" if place.use in {"static", "templates"} else "must be given"
        told = (
            f"`{place.path}`{why} is not in the tree and {what} before the start{like}{instead.get(fact.because, '')}"
        )
        yield Fact(told, fact.because, fact.confidence)


def _is_example(name: str, of: str) -> bool:
    words = ("example", "sample", "template", "dist", "default")
    plain = name.lower()
    for word in words:
        plain = re.sub(rf"[-_.]?{word}[-_.]?", ".", plain) if word in plain else plain
    return name != of and plain.strip(".").replace("..", ".") == of.lower().strip(".")


def ignored(code: Code) -> gitignore.Ignored:
    """Whether git leaves a path alone, by every `.gitignore` of the tree."""
    key = ("ignored",)
    if key not in code.memo:
        paths = [path for path in code.source.files if posixpath.basename(path) == gitignore.NAME]
        code.memo[key] = gitignore.matcher({path: code.data(path).decode(errors="replace") for path in paths})
    result: gitignore.Ignored = code.memo[key]
    return result


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every use of a path that was seen, in the order of the files."""
    from lading.detect import application, reach

    code = Code(source)
    chosen = application.detect(code, settings)
    asked = Asked(code, reach.reach(code, chosen.path))
    told = []
    for one in _every(asked, settings_drivers.NOTHING):
        verb = "writes" if one.use.written else "reads"
        state = "in the tree" if one.present else "not in the tree"
        told.append(f"{one.use.path}:{one.use.line} {verb} {one.path} ({one.purpose}), {state}")
    return tuple(told) or ("no code that the application imports names a file or a folder",)

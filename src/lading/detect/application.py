"""The code → the object that an ASGI server is given: `module:attribute`, and the folder that must be importable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lading.detect import candidates, evidence, missing, names, objects, reach, services
from lading.detect.candidates import Candidate, Score
from lading.detect.code import Code
from lading.detect.evidence_servers import Start
from lading.detect.names import Place
from lading.detect.objects import Object
from lading.errors import BadInput, NotFound
from lading.model import Application, Confidence, Fact
from lading.settings import Settings
from lading.source import Source

_BROKEN = re.compile(rb"^\w+\s*(?::[^=\n]+)?=\s*(?:fastapi\.)?FastAPI\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer: the fact, the file, the object whose routes are the backend's, and how the project starts it."""

    fact: Fact[Application]
    path: str
    object: Object | None
    starts: tuple[Start, ...] = ()


def detect(code: Code, settings: Settings) -> Chosen:
    """The application: the setting `application`, else what the project starts, else the likeliest of the code's.

    Raises `NotFound` when there is none, and `BadInput` when several are as likely, when the setting names none, and
    when the file cannot be parsed.
    """
    found = list(candidates.every(code))
    if settings.given("application"):
        return _named(code, settings, found)
    ranked, mounted = _ranked(code, found)
    _whole(code, [one for one, _ in ranked])
    if not ranked:
        raise missing.application(code)
    first, best = ranked[0]
    equal = [one for one, score in ranked if score.points == best.points]
    if not all(_same(one, first) for one in equal):
        raise _several(code, equal, ranked[0][1])
    rivals = [score for one, score in ranked[1:] if not _same(one, first)]
    starts = _starts(code, found, first)
    chosen = _chosen(code, settings, candidates.retarget(first, best.start), starts)
    chosen = replace(chosen, fact=replace(chosen.fact, confidence=_confidence(best, rivals)))
    others = tuple(_lost(ranked[1:], mounted, first, chosen.fact.value.folder))
    return replace(chosen, fact=replace(chosen.fact, others=others))


def notes(code: Code, chosen: Chosen) -> Iterator[Fact[str]]:
    """What the user should know of the application: a function that no server can call."""
    app = chosen.fact.value
    if app.factory and (asked := candidates.asks(code, chosen.path, app.target.rpartition(":")[2])):
        said = f"a server cannot call `{app.target}`, since it asks for `{asked}`: write a function without arguments"
        yield Fact(said, chosen.fact.because, "likely", key="application")


def _starts(code: Code, found: Sequence[Candidate], first: Candidate) -> tuple[Start, ...]:
    """Every start of the application, by whichever of its names, the weightiest first."""
    named = candidates.named(code, found)
    every = [start for one, starts in named.items() if one == first or _same(one, first) for start in starts]
    return tuple(sorted(every, key=lambda start: (-start.weight, start not in named.get(first, ()))))


Scored = tuple[Candidate, Score]


def _ranked(code: Code, found: Sequence[Candidate]) -> tuple[list[Scored], Mapping[Candidate, str]]:
    """The candidates, the likeliest first, and those that another one mounts."""
    named = candidates.named(code, found)
    every = list(dict.fromkeys((*found, *named)))
    mounted = candidates.mounted(code, every)
    scores = {
        one: candidates.score(code, one, named.get(one, ()))
        for one in every
        if one not in mounted or any(start.weight >= evidence.SURE for start in named.get(one, ()))
    }
    # The same application may go by several names: the file nearest to the root, and the first in it, then.
    return sorted(scores.items(), key=lambda pair: (-pair[1].points, pair[0].path.count("/"), pair[0].path)), mounted


def _same(one: Candidate, other: Candidate) -> bool:
    return one.object.same(other.object) and (one.object.made is not None or one.path == other.path)


def _confidence(best: Score, rivals: Sequence[Score]) -> Confidence:
    if not rivals:
        return "sure"
    if best.start and best.start.weight >= evidence.SURE:
        # Two that are started are two backends: which one is meant is a matter of taste.
        return "likely" if any(one.start and one.start.weight >= best.start.weight - 10 for one in rivals) else "sure"
    return "likely" if best.points - max(one.points for one in rivals) >= 12 else "guess"


def _lost(ranked: Sequence[Scored], mounted: Mapping[Candidate, str], first: Candidate, top: str) -> Iterator[str]:
    for one, score in ranked[:_MOST]:
        same = "another name of it" if _same(one, first) else ""
        yield f"{_title(one, top)}: {same or ', '.join(score.reasons) or 'nothing speaks for it'}"
    for one, where in [*mounted.items()][:_MOST]:
        yield f"{_title(one, top)}: {where} mounts it in another one"


_MOST = 8


def _title(one: Candidate, top: str) -> str:
    inner = top if one.path.startswith(f"{top}/") else ""
    return f"`{reach.dotted(one.path, inner)}:{one.name}` ({one.where})"


def story(source: Source, settings: Settings) -> tuple[str, ...]:
    """Every candidate with its points and its reasons, the likeliest first, and how the project starts which."""
    code = services.choose(source, settings).code
    found = list(candidates.every(code))
    ranked, mounted = _ranked(code, found)
    top = reach.importable(code, ranked[0][0].path) if ranked else ""
    lines = [f"{len(ranked)} candidate{'' if len(ranked) == 1 else 's'}, by what speaks for each:"]
    for one, score in ranked[:30]:
        lines.append(f"{score.points:5}  {_title(one, top)}{' is a function that makes it' if one.factory else ''}")
        lines += [f"       {reason}" for reason in score.reasons]
    lines += [f"    -  {_title(one, top)}: {where} mounts it in another one" for one, where in mounted.items()]
    started = evidence.read(code).servers[:30]
    lines += (
        ["", "how the project starts it, the most believable first:"]
        if started
        else ["", "nothing says how it is started"]
    )
    for start in started:
        named = candidates.resolve(code, start, found)
        what = (
            f"{named[0]}: {named[1]}"
            if named
            else f"{start.target or start.file or 'nothing'}, which is not in the tree"
        )
        lines.append(f"{start.weight:5}  {start.where} {start.program}: {what}")
    return tuple(lines)


def _chosen(
    code: Code, settings: Settings, one: Candidate, starts: tuple[Start, ...], top: str | None = None
) -> Chosen:
    """The answer for a candidate; `top` is the folder on the path, where the setting says it."""
    start = starts[0] if starts else None
    given = _folder(settings)
    if given is None and top is not None:
        given = top
    told = top is not None or (
        start is not None and start.weight >= evidence.SURE and not (start.target or ":").startswith(":")
    )
    path = one.path if told else _completed(code, one)
    said = _from(start, path) if given is None and start and start.weight >= evidence.SURE else None
    if said is not None and not reach.imports_from(code, path, said) and not reach.others(code, path, said):
        said = None  # there, more than that folder was on the path
    folder = given if given is not None else said if said is not None else reach.importable(code, path)
    factory = bool(settings["factory"].value) if settings.given("factory") else one.factory
    app = Application(
        target=f"{reach.dotted(path, folder)}:{one.name}",
        factory=factory,
        folder=folder or ".",
        folders=reach.others(code, path, folder),
    )
    return Chosen(Fact(app, one.where, key="application"), path, one.object, starts)


def _from(start: Start, path: str) -> str | None:
    """The folder from which a start's target is the file `path`; None where the tree here is another than there."""
    stem = (start.target or "").partition(":")[0].replace(".", "/")
    inner = path.removesuffix(".py").removesuffix("/__init__")
    if stem and (inner == stem or inner.endswith(f"/{stem}")):
        return inner[: -len(stem)].rstrip("/")
    return None


def _folder(settings: Settings) -> str | None:
    """The setting `app-folder`, as a path from the root."""
    given = settings["app-folder"].value if settings.given("app-folder") else None
    return "/".join(part for part in given.split("/") if part not in {"", "."}) if isinstance(given, str) else None


def _completed(code: Code, first: Candidate) -> str:
    """The file that a server is to import: the one that defines the application, unless another completes it.

    `main.py` may import the application and add its routes to it; the definition alone would then answer nothing.
    """
    pattern = re.compile(rb"^@?%s\.(?:include_router|mount|get|post|add_\w+)\(" % first.name.encode(), re.MULTILINE)
    best, covered = first.path, reach.reach(code, first.path)
    for path in code.holding(first.name.encode() + b"."):
        if path not in covered and pattern.search(code.data(path)):
            place = names.find(code, path, first.name)
            if isinstance(place, Place) and (place.path, place.name) == (first.path, first.name):
                best, covered = path, reach.reach(code, path)
    return best


def _whole(code: Code, ranked: Sequence[Candidate]) -> None:
    """Stop where a file that cannot be parsed seems to define the application, and no likelier one was found."""
    for path, broken in sorted(code.broken.items()):
        likely = path.rpartition("/")[2].removesuffix(".py") in candidates.MODULES
        if _BROKEN.search(code.data(path)) and (
            not ranked or (likely and path.count("/") <= ranked[0].path.count("/"))
        ):
            raise missing.unparsed(path, broken)


def _several(code: Code, equal: Sequence[Candidate], best: Score) -> BadInput:
    tops = {one: reach.importable(code, one.path) for one in equal}
    targets = {one.where: f"{reach.dotted(one.path, tops[one])}:{one.name}" for one in equal}
    listed = ", ".join(f"`{target}` ({where})" for where, target in sorted(targets.items()))
    first = min(equal, key=lambda one: one.where)
    said = "nothing" if best.start is None else "no one thing"
    same = list(targets.values()).count(targets[first.where]) > 1
    folder = f' and `app-folder = "{tops[first]}"`' if same else ""
    return BadInput(
        f"there are {len(targets)} FastAPI applications, and {said} says which one to serve: {listed}",
        hint=f'choose with `application = "{targets[first.where]}"`{folder} under `[tool.lading]` in pyproject.toml',
    )


def _named(code: Code, settings: Settings, found: Sequence[Candidate]) -> Chosen:
    """The application that the setting names, checked against the code: a typo is found here and not in a container."""
    target, because = str(settings["application"].value), settings["application"].because
    module, _, name = target.partition(":")
    if not re.fullmatch(r"\w+(?:\.\w+)*:\w+(?:\.\w+)*", target):
        raise BadInput(f"`{target}` is not `module:attribute`", where=because, hint="write it like `app.main:app`")
    folder = _folder(settings)
    path = _module(code, module, folder)
    if path is None:
        hint = missing.nearest(code, target, found)
        raise NotFound(f"`{target}`: no file of the project is the module `{module}`", where=because, hint=hint)
    tree = code.tree(path)
    if tree is None:
        raise missing.unparsed(path, code.broken[path])
    first = name.partition(".")[0]
    place = names.find(code, path, first)
    if not (place or first in tree.bindings or tree.stars or "__getattr__" in tree.bindings):
        hint = missing.nearest(code, target, found)
        raise NotFound(f"`{target}`: `{path}` defines no `{first}`", where=because, hint=hint)
    here = next((one for one in found if (one.path, one.name) == (path, name)), None)
    if here is None:
        made = objects.origin(code, path, ast.parse(name, mode="eval").body)
        function = isinstance(place, Place) and isinstance(place.node, ast.FunctionDef) and name == first
        if isinstance(place, Place) and isinstance(place.node, ast.FunctionDef):
            made = objects.returned(code, place.path, place.node)
        here = Candidate(path, name, 1, made or Object("application", path, None), factory=function)
    above = path.removesuffix(".py").removesuffix("/__init__").removesuffix(module.replace(".", "/")).rstrip("/")
    chosen = _chosen(code, settings, here, _starts(code, found, here), above if folder is None else folder)
    return replace(chosen, fact=replace(chosen.fact, because=because))


def _module(code: Code, module: str, folder: str | None) -> str | None:
    """The file of a module: below `folder`, or, when that is not given, wherever it is nearest to the root."""
    stem = module.replace(".", "/")
    wanted = (f"{stem}.py", f"{stem}/__init__.py")
    if folder is not None:
        return next((path for end in wanted if (path := names.join(folder, end)) in code.source.files), None)
    ends = [
        path for path in (*code.files, *code.aside) if path in wanted or path.endswith(tuple(f"/{w}" for w in wanted))
    ]
    return min(ends, key=lambda path: (path.count("/"), path), default=None)

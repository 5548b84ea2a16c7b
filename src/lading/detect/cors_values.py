"""An expression → the environment variables that it is made of, and how each of them is written.

Texts that are split, lists that are gone through; what names, attributes and functions are is for `cors_names`.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lading.detect import cors_tests, names, settings_read, values
from lading.detect.code import written
from lading.detect.cors_taken import DEEPEST, At, Form, Taken, Took, formed, joined, merged, of, spent
from lading.detect.cors_tests import EITHER
from lading.detect.names import Place
from lading.detect.settings_read import Read

#: The variable whose name a function is given.
NAMED = ""

#: Methods after which a text or a list is still what it was, and calls that give their argument back.
_SAME = frozenset({"copy", "get_secret_value", "lower", "lstrip", "removesuffix", "replace", "rstrip", "strip",
                   "unicode_string"})  # fmt: skip
_LISTS = frozenset({"frozenset", "list", "set", "sorted", "str", "tuple"})
_LOADS = frozenset({"ast.literal_eval", "json.loads", "orjson.loads", "ujson.loads", "yaml.safe_load"})
_CASTS: Mapping[str, Form] = {"str": "text", "Csv": "comma", "CommaSeparatedStrings": "comma",
                              "list": "comma", "json": "json", "loads": "json"}  # fmt: skip


def took(at: At, node: ast.expr | None) -> Taken:
    """The variables that `node` is made of."""
    if node is None or at.depth > DEEPEST:
        return None
    key = ("cors took", node, *at.key)
    if key not in at.code.memo:
        at.code.memo[key] = None if spent(at.code) else _took(replace(at, depth=at.depth + 1), node)
    found: Taken = at.code.memo[key]
    return found


@dataclass(frozen=True, slots=True)
class About:
    """Whether an expression at `at` is one of the variables `wanted`, or made of it."""

    at: At
    wanted: frozenset[str]

    @property
    def key(self) -> Hashable:
        return (self.at.key, self.wanted)

    def __call__(self, node: ast.expr) -> bool:
        if not self.wanted or not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            return False
        return not self.wanted.isdisjoint(of(took(self.at, node)))


def about(at: At, variables: Iterable[str]) -> About:
    """What asks of an expression whether it is one of `variables`, or made of it."""
    return About(at, frozenset(variables))


def _took(at: At, node: ast.expr) -> Taken:  # noqa: C901, PLR0911 - a table
    from lading.detect import cors_names

    match node:
        case ast.Constant():
            return ()
        case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
            return _listed(at, elts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return joined(took(at, left), took(at, right), left, right)
        case ast.BoolOp(op=ast.Or(), values=some):
            found = (took(at, one) for one in some)
            return next((one for one in found if one != ()), ())
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _chosen(at, test, took(at, body), took(at, orelse))
        case ast.ListComp(elt=elt, generators=[one]) | ast.SetComp(elt=elt, generators=[one]):
            return _gone_through(at, elt, one)
        case ast.GeneratorExp(elt=elt, generators=[one]):
            return _gone_through(at, elt, one)
        case ast.Subscript() | ast.Call() if found_read := settings_read.read(at.code, at.path, node, at.within):
            own = cors_names.applied(at, node.func, [()]) if isinstance(node, ast.Call) and _is_own(at, node) else ()
            text = _read(at, found_read)
            return text if own == () else _renamed(own, text)
        case ast.Call():
            return _call(at, node)
        case ast.Name():
            return cors_names.name(at, node)
        case ast.Attribute():
            return cors_names.attribute(at, node)
        case _:
            return None


def _listed(at: At, elts: Sequence[ast.expr]) -> Taken:
    found: list[Taken] = [()]
    for one in elts:
        inner = one.value if isinstance(one, ast.Starred) else one
        taken = took(at, inner)
        found.append(taken if isinstance(one, ast.Starred) else formed(taken, "one"))
    everyone = any(isinstance(one, ast.Constant) and one.value == "*" for one in elts)
    whole = merged(found)
    return None if everyone and whole else whole


def _gone_through(at: At, elt: ast.expr, one: ast.comprehension) -> Taken:
    """What a comprehension leaves of a list: all of it, where it only passes over what is empty."""
    return took(at, one.iter) if all(_is(each, one.target) for each in (elt, *one.ifs)) else None


def _chosen(at: At, test: ast.expr, one: Taken, other: Taken) -> Taken:
    verdict = cors_tests.holds(at.code, at.path, test, at.within, about(at, of(one) | of(other)), wanted=True)
    if verdict == EITHER or one == other:
        return merged([one, other])
    return None if verdict is None else one if verdict else other


def _is(node: ast.expr, target: ast.expr) -> bool:
    """Whether an item of a list stays what it was, as far as an origin is concerned: `str(origin).strip()`."""
    for _ in range(10):
        match node:
            case ast.Name(id=name):
                return isinstance(target, ast.Name) and target.id == name
            case (
                ast.Call(func=ast.Name(id="str"), args=[inner])
                | ast.JoinedStr(values=[ast.FormattedValue(inner, -1, None)])
            ):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if attr in _SAME:
                node = inner
            case _:
                break
    return False


def _is_own(at: At, node: ast.Call) -> bool:
    return isinstance(names.resolve(at.code, at.path, node.func, at.within), Place)


def _renamed(own: Taken, text: Taken) -> Taken:
    """What a reading function of the project's own gives back, with the name of the variable that it is given."""
    forms = {one.form for one in own or () if one.variable == NAMED}
    if not text or len(forms) != 1:
        return None
    return tuple(replace(one, form=form) for one in text for form in forms)


def _read(at: At, found: Read) -> Taken:
    from lading.detect import cors_names

    name = values.fold(at.code, at.path, found.name, at.within)
    if found.kind == "file":
        return None
    if isinstance(found.name, ast.Name) and found.name.id in at.given:
        text = (Took(NAMED, "text"),)
    elif name is None or not name.whole:
        return None
    else:
        text = (Took(found.prefix + name.text, "text"),)
    match found.cast:
        case None:
            return text
        case ast.Call(func=func, args=[], keywords=[]) | (ast.Name() | ast.Attribute() | ast.Lambda() as func):
            last = written(func).rpartition(".")[2]
            if last in _CASTS:
                return text if _CASTS[last] == "text" else formed(text, _CASTS[last])
            return None if isinstance(found.cast, ast.Call) else cors_names.applied(at, func, [text])
        case _:
            return None


def _call(at: At, node: ast.Call) -> Taken:
    from lading.detect import cors_names

    func = node.func
    name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    meaning = names.resolve(at.code, at.path, func, at.within)
    match meaning, node.args:
        case str(), [inner, *_] if meaning in _LOADS:
            return formed(took(at, inner), "json")
        case "re.split", [pattern, inner, *_]:
            return formed(took(at, inner), "comma" if "," in written(pattern) else "one")
        case "filter" | "typing.cast" | "map", [first, inner] if _leaves(name, first):
            return took(at, inner)
        case str(), [inner] if name in _LISTS or meaning == "dict.fromkeys":
            return took(at, inner)
        case str(), [] if name in {"field", "Field"}:
            factory = next((one.value for one in node.keywords if one.arg == "default_factory"), None)
            return cors_names.applied(at, factory, []) if factory else None
        case _:
            pass
    if isinstance(func, ast.Attribute) and name in _SAME | {"split", "splitlines"}:
        base = took(at, func.value)
        if name in _SAME or base is None:
            return base
        comma = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == ","
        return formed(base, "comma" if comma else "one")
    given = [took(at, one) for one in node.args]
    return cors_names.applied(at, func, given, {one.arg: took(at, one.value) for one in node.keywords if one.arg})


def _leaves(name: str, first: ast.expr) -> bool:
    """Whether each origin is still there, and one: `filter` takes out what is empty, and nothing else."""
    return name not in {"filter", "map"} or _keeps(first) or (name == "filter" and written(first) in {"None", "bool"})


def _keeps(function: ast.expr) -> bool:
    """Whether what `map` does to each origin leaves it one: `str.strip`, `lambda origin: origin.rstrip("/")`."""
    match function:
        case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)]), body=body):
            return _is(body, ast.Name(id=name))
        case _:
            return written(function) in {"str", *(f"str.{one}" for one in _SAME)}

"""The code → the routes of Prometheus and of the schema: what measures the backend, what describes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from lading.detect import names, route_paths, routes
from lading.detect.code import Code, Function
from lading.detect.objects import Object
from lading.model import Fact, Route

_WORDS = (
    b"prometheus",
    b"Instrumentator",
    b"starlette_exporter",
    b"PrometheusMiddleware",
    b"generate_latest",
    b"aioprometheus",
)

_LIBRARIES = frozenset({"prometheus_client", "starlette_exporter", "starlette_prometheus", "aioprometheus"})

#: Calls that put the metrics somewhere, by the last part of their name.
_EXPORTERS = frozenset({"make_asgi_app", "handle_metrics", "metrics", "generate_latest", "render"})


def read(code: Code, wholes: Sequence[routes.Whole]) -> Iterator[Fact[Route]]:
    """The routes that answer with metrics, each once."""
    found: dict[str, Fact[Route]] = {}
    for whole in wholes:
        named = whole.path.rpartition("/")[2].lower() in {"metrics", "prometheus"}
        maybe = whole.route.get and "{" not in whole.path
        if maybe and (_latest(code, whole.route) or (named and code.holding(*_WORDS))):
            found.setdefault(whole.path, Fact(Route(path=whole.path, kind="metrics"), whole.route.where, key="metrics"))
    for fact in _exposed(code):
        found.setdefault(fact.value.path, fact)
    yield from found.values()


def _latest(code: Code, route: routes.Route) -> bool:
    """Whether the handler of a route answers with what prometheus_client has gathered."""
    handler = route.handler if code.having((route.file,), b"generate_latest") else None
    calls = (
        node for stmt in (handler.body if handler else ()) for node in ast.walk(stmt) if isinstance(node, ast.Call)
    )
    return any(_last(node.func) == "generate_latest" for node in calls)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _exposed(code: Code) -> Iterator[Fact[Route]]:
    """`Instrumentator().instrument(app).expose(app)`, `app.mount("/metrics", make_asgi_app())`, `add_route`."""
    for path in code.holding(*_WORDS):
        tree = code.tree(path)
        for node, within in tree.nodes if tree else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            place: ast.expr | None = None
            match node.func.attr:
                case "expose" if b"nstrumentator" in code.data(path):
                    place = given.get("endpoint") or ast.Constant("/metrics")
                case "mount" | "add_route" | "add_api_route":
                    what = given.get("app") or given.get("endpoint") or given.get("route") or _at(node.args, 1)
                    if what is not None and _exports(code, path, what, within):
                        place = given.get("path") or _at(node.args, 0)
                case _:
                    pass
            text = route_paths.text(code, path, place, within) if place is not None else None
            if text:
                guarded = "dependencies" in given
                yield Fact(
                    Route(path="/" + text.strip("/"), kind="metrics", guarded=guarded),
                    f"{path}:{node.lineno}",
                    key="metrics",
                )


def _at(args: Sequence[ast.expr], number: int) -> ast.expr | None:
    return args[number] if number < len(args) else None


def _exports(code: Code, path: str, what: ast.expr, within: Function | None) -> bool:
    if isinstance(what, ast.Name):
        bindings = names.local(code, within).get(what.id) or (
            (tree.bindings.get(what.id, ())) if (tree := code.tree(path)) else ()
        )
        last = bindings[-1] if bindings else None
        what = last if isinstance(last, ast.Call) else what
    called = what.func if isinstance(what, ast.Call) else what
    meaning = names.resolve(code, path, called, within)
    library = meaning.split(".")[0] if isinstance(meaning, str) else ""
    return library in _LIBRARIES and _last(called) in _EXPORTERS


def schema(code: Code, application: Object | None) -> Fact[Route] | None:
    """`/openapi.json`, or what `openapi_url` says; None where it says that there is none, or may do so."""
    made = application.made if application else None
    if application is None:
        return None
    path, where = "/openapi.json", application.path
    if isinstance(made, ast.Call):
        where = f"{application.path}:{made.lineno}"
        given = next((keyword.value for keyword in made.keywords if keyword.arg == "openapi_url"), None)
        if given is not None:
            text = (
                None
                if isinstance(given, ast.IfExp)
                else route_paths.text(code, application.path, given, application.within)
            )
            if not text:
                return None
            path = "/" + text.strip("/")
    return Fact(Route(path=path, kind="schema"), where, "likely", key="health")


def single(code: Code, application: Object | None) -> Fact[str] | None:
    """What to say of metrics when several processes serve: each would count its own, unless they share a folder."""
    shared = code.holding(b"PROMETHEUS_MULTIPROC_DIR", b"prometheus_multiproc_dir", b"MultiProcessCollector")
    found = next(iter(read(code, list(routes.full(code, application)) if application else [])), None)
    if found is None or shared:
        return None
    return Fact(
        f"`{found.value.path}` tells of one process only: with several workers, set PROMETHEUS_MULTIPROC_DIR",
        found.because,
        "likely",
        key="server-workers",
    )

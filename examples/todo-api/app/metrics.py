"""What is counted: every request, by route and not by path, whose number would have no end."""

from time import perf_counter

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import settings

if settings.prometheus_multiproc_dir:
    # Before the first metric: its file is opened there.
    settings.prometheus_multiproc_dir.mkdir(parents=True, exist_ok=True)

requests = Counter("http_requests", "Requests that were answered.", ["method", "route", "status"])
durations = Histogram("http_request_duration_seconds", "From a request to the end of its answer.", ["method", "route"])


def registry() -> CollectorRegistry:
    """What to show: the sum of the files of all workers where there is a folder for them, else this process alone."""
    if settings.prometheus_multiproc_dir is None:
        return REGISTRY
    everyone = CollectorRegistry()
    MultiProcessCollector(everyone, path=str(settings.prometheus_multiproc_dir))
    return everyone


class Measure:
    """ASGI middleware that counts and times what passes through it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # what the client gets when nothing was sent before an exception

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = perf_counter()
        try:
            await self.app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            requests.labels(scope["method"], route, status).inc()
            durations.labels(scope["method"], route).observe(perf_counter() - start)

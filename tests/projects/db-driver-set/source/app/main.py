from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.settings import Settings, read
from app.store import make


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or read()

    @asynccontextmanager
    async def lifespan(app):
        app.state.engine = make(str(settings.store))
        yield
        await app.state.engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    def health():
        return {"status": "ok"}

    return app

"""The application."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from sdlc_lens.config import Settings
from sdlc_lens.database import make_engine
from sdlc_lens.routers import documents, relations, scans, search, system
from sdlc_lens.scan import NoFolder, scan

log = logging.getLogger("sdlc_lens")


class State(TypedDict):
    """What lives as long as the application; a request finds it in `request.state`."""

    settings: Settings
    sessions: async_sessionmaker[AsyncSession]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application, for the given settings or those of the environment. It reads the documents as it starts."""
    settings = settings or Settings()
    logging.basicConfig(format="%(levelname)s: %(message)s")
    log.setLevel(settings.log_level)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        engine = make_engine(settings.database_url)
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        try:
            async with sessions() as session:
                tree = await scan(settings.documents, session)
            log.info("read %d documents, skipped %d files", len(tree.documents), len(tree.skipped))
        except NoFolder as missing:
            log.warning("%s: serving what was read before", missing)
        yield {"settings": settings, "sessions": sessions}
        await engine.dispose()

    app = FastAPI(title="SDLC Lens", version="1.0.0", lifespan=lifespan)
    for router in (system.router, documents.router, relations.router, search.router, scans.router):
        app.include_router(router, prefix="/api/v1")
    return app

"""What a route asks for: a session for each request, the settings, a page of the result."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from sdlc_lens.config import Settings


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield a session that is closed, and rolled back unless committed, when the request ends."""
    async with request.state.sessions() as session:
        yield session


def get_settings(request: Request) -> Settings:
    """The settings that the application was made with."""
    return request.state.settings


class Slice(BaseModel):
    """Which part of a result to answer."""

    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0)


SessionDep = Annotated[AsyncSession, Depends(get_session)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
SliceDep = Annotated[Slice, Depends()]

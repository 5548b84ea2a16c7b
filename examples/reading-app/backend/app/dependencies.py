"""What a route asks for: a session, and the text that its path names."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, HTTPException, Path, status
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import new_async_session
from app.models import Document

TextId = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def get_session() -> AsyncIterator[AsyncSession]:
    """Yield a session that is closed, and rolled back unless committed, when the request ends."""
    async with new_async_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def existing(text_id: TextId, session: SessionDep) -> Document:
    """The text that the path names, or the answer 404."""
    text = await session.get(Document, text_id)
    if text is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no text {text_id}")
    return text


TextDep = Annotated[Document, Depends(existing)]

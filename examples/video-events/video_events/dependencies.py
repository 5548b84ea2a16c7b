"""What a route asks for: a session for each request, a page of the result."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from video_events.database import engine


def get_session() -> Iterator[Session]:
    """Yield a session that is closed, and rolled back unless committed, when the request ends."""
    with Session(engine) as session:
        yield session


class Slice(BaseModel):
    """Which part of a result to answer."""

    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0)


SessionDep = Annotated[Session, Depends(get_session)]
SliceDep = Annotated[Slice, Depends()]

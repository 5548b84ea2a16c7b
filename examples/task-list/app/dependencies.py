"""What a route asks for: one session for each request."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from app.database import engine


def get_session() -> Iterator[Session]:
    """Yield a session that is closed, and rolled back unless committed, when the request ends."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]

"""What a route asks for: a session, who is calling, and whether they may call again already."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response, status
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBasicCredentials
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import new_session
from app.limits import spend
from app.models import ApiKey, User
from app.security import check_password, hash_key

api_key = APIKeyHeader(name="X-API-Key", auto_error=False)


async def get_session() -> AsyncIterator[AsyncSession]:
    """Yield a session that is closed, and rolled back unless committed, when the request ends."""
    async with new_session() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]


async def limit(who: str, response: Response) -> None:
    """Tell the caller what is left of the minute, or answer 429."""
    allowance = await spend(who)
    response.headers.update(allowance.headers)
    if allowance.left < 0:
        raise HTTPException(
            status.HTTP_429_TOO_MANY_REQUESTS,
            f"Too many requests: try again in {allowance.seconds} s",
            allowance.headers | {"Retry-After": str(allowance.seconds)},
        )


async def limit_by_address(request: Request, response: Response) -> None:
    """For routes that take a password: nobody tries many."""
    await limit(f"address:{request.client.host if request.client else ''}", response)


async def user_by_password(session: SessionDep, given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> User:
    """The user whose email and password were sent, or the answer 401."""
    # No email has a NUL, and PostgreSQL takes none, not even in a question.
    query = select(User).where(User.email == given.username.lower())
    user = None if "\0" in given.username else await session.scalar(query)
    if await check_password(given.password, user and user.password_hash) and user:
        return user
    raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong email or password", {"WWW-Authenticate": "Basic"})


async def user_by_key(session: SessionDep, response: Response, key: Annotated[str | None, Depends(api_key)]) -> User:
    """The user whose key was sent, and who has not used up the minute; or the answer 401 or 429."""
    query = select(User).join(ApiKey, ApiKey.user_id == User.id)
    user = await session.scalar(query.where(ApiKey.key_hash == hash_key(key))) if key else None
    if user is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, "Send a valid key as X-API-Key", {"WWW-Authenticate": "APIKey"}
        )
    await limit(f"user:{user.id}", response)
    return user


UserByPassword = Annotated[User, Depends(user_by_password)]
UserByKey = Annotated[User, Depends(user_by_key)]

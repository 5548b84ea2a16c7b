"""API keys: make, list and revoke them, by email and password."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, status
from sqlalchemy import select

from app.dependencies import SessionDep, UserByPassword, limit_by_address
from app.models import ApiKey
from app.pages import WindowDep, page
from app.schemas import KeyCreate, KeyMade, KeyRead, Page
from app.security import hash_key, new_key

router = APIRouter(prefix="/api/v1/keys", tags=["keys"], dependencies=[Depends(limit_by_address)])


@router.post("", status_code=status.HTTP_201_CREATED)
async def make(new: KeyCreate, user: UserByPassword, session: SessionDep) -> KeyMade:
    """Make a key. The answer holds it, and nothing will ever show it again."""
    key = new_key()
    made = ApiKey(user_id=user.id, name=new.name, start=key[:12], key_hash=hash_key(key))
    session.add(made)
    await session.commit()
    return KeyMade(**KeyRead.model_validate(made).model_dump(), key=key)


@router.get("", response_model=Page[KeyRead])
async def find(user: UserByPassword, session: SessionDep, window: WindowDep) -> dict[str, Any]:
    """The user's keys, the oldest first."""
    return await page(session, select(ApiKey).where(ApiKey.user_id == user.id).order_by(ApiKey.id), window)


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
async def revoke(key_id: Annotated[int, Path(le=2**31 - 1)], user: UserByPassword, session: SessionDep) -> None:
    """Make a key useless, at once."""
    key = await session.get(ApiKey, key_id)
    if key is None or key.user_id != user.id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no key {key_id}")
    await session.delete(key)
    await session.commit()

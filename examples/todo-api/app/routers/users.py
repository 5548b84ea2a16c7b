"""Signing up."""

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy.exc import IntegrityError

from app.dependencies import SessionDep, UserByKey, limit_by_address
from app.models import User
from app.schemas import UserCreate, UserRead
from app.security import hash_password

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.post("", response_model=UserRead, status_code=status.HTTP_201_CREATED, dependencies=[Depends(limit_by_address)])
async def sign_up(new: UserCreate, session: SessionDep) -> User:
    """Become a user: the email and the password are what makes API keys."""
    user = User(email=new.email, password_hash=await hash_password(new.password.get_secret_value()))
    session.add(user)
    try:
        await session.commit()
    except IntegrityError:
        # Asked of the database, and not beforehand: two requests at once would both be told that the email is free.
        raise HTTPException(status.HTTP_409_CONFLICT, "There is a user of this email") from None
    return user


@router.get("/me", response_model=UserRead)
async def me(user: UserByKey) -> User:
    """Whose key it is."""
    return user

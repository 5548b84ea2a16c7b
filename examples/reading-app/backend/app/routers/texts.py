"""The texts: add, list, read, analyse again, delete."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response, status
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select

from app.dependencies import SessionDep, TextDep
from app.errors import AWAY
from app.models import Document, Status
from app.progress import forget
from app.schemas import TextCreate, TextListed, TextPage, TextRead
from app.workers.tasks import analyse

router = APIRouter(prefix="/texts", tags=["texts"])


@router.post("", response_model=TextListed, status_code=status.HTTP_201_CREATED)
async def add(new: TextCreate, session: SessionDep) -> Document:
    """Keep a text, and have a worker analyse it."""
    text = Document(**new.model_dump(), statistics=None)
    session.add(text)
    await session.commit()  # before it is sent: a worker may be faster than we are
    try:
        await run_in_threadpool(analyse.send, text.id)
    except AWAY:
        # The client is told 503 and will try again: this one would wait for ever.
        await session.delete(text)
        await session.commit()
        raise
    return text


@router.get("", response_model=TextPage)
async def find(
    session: SessionDep,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, Any]:
    """List the texts without their bodies, the newest first: all, or those of a status."""
    query = select(Document)
    if status is not None:
        query = query.where(Document.status == status)
    total = await session.scalar(query.with_only_columns(func.count()))
    texts = await session.scalars(query.order_by(Document.id.desc()).limit(limit).offset(offset))
    return {"items": texts.all(), "total": total}


@router.get("/{text_id}", response_model=TextRead)
async def read(text: TextDep, session: SessionDep) -> Document:
    """One text, with its statistics when they are there."""
    await session.refresh(text, ["body"])
    return text


@router.post("/{text_id}/analysis", status_code=status.HTTP_202_ACCEPTED, response_class=Response)
async def analyse_again(text: TextDep, session: SessionDep) -> None:
    """Have a text analysed that failed, or whose message was lost; one that is done stays as it is."""
    if text.status == Status.DONE:
        raise HTTPException(status.HTTP_409_CONFLICT, f"Text {text.id} is analysed")
    text.status = Status.WAITING
    await session.commit()
    await forget(text.id)
    await run_in_threadpool(analyse.send, text.id)


@router.delete("/{text_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete(text: TextDep, session: SessionDep) -> None:
    """Remove a text and what was found in it."""
    await session.delete(text)
    await session.commit()

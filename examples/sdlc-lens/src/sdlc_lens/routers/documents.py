"""The documents: list, read, count by status, follow their relations."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, status
from sqlalchemy import func, select

from sdlc_lens.dependencies import SessionDep, SliceDep
from sdlc_lens.markdown import Kind
from sdlc_lens.models import Document, Relation
from sdlc_lens.routers.relations import with_missing
from sdlc_lens.schemas import Count, DocumentRead, Page, Related, Summary

router = APIRouter(tags=["documents"])


async def existing(key: Annotated[str, Path(pattern="^[A-Z]{2}[0-9]{4}$")], session: SessionDep) -> Document:
    """The document that the path names, or the answer 404."""
    document = await session.get(Document, key)
    if document is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no document {key}")
    return document


DocumentDep = Annotated[Document, Depends(existing)]


@router.get("/status")
async def count(session: SessionDep) -> list[Count]:
    """Count the documents of each kind and status."""
    counted = select(Document.kind, Document.status, func.count().label("count")).group_by("kind", "status")
    rows = await session.execute(counted.order_by("kind", "status"))
    return [Count.model_validate(row) for row in rows]


@router.get("/documents")
async def find(
    session: SessionDep, part: SliceDep, kind: Kind | None = None, status: str | None = None
) -> Page[Summary]:
    """List the documents by their keys: all, those of a kind, those with a status."""
    query = select(Document)
    if kind is not None:
        query = query.where(Document.kind == kind)
    if status is not None:
        query = query.where(Document.status == status.lower())
    total = await session.scalar(select(func.count()).select_from(query.subquery()))
    found = await session.scalars(query.order_by(Document.key).limit(part.limit).offset(part.offset))
    return Page(total=total or 0, items=[Summary.model_validate(document) for document in found])


@router.get("/documents/{key}", response_model=DocumentRead)
async def read(document: DocumentDep) -> Document:
    """One document, with its text."""
    return document


@router.get("/documents/{key}/relations")
async def relations(document: DocumentDep, session: SessionDep) -> Related:
    """The documents that this one names, and those that name it."""
    outgoing = with_missing().where(Relation.source == document.key).order_by(Relation.kind, Relation.target)
    incoming = with_missing().where(Relation.target == document.key).order_by(Relation.kind, Relation.source)
    return Related.model_validate(
        {"outgoing": (await session.execute(outgoing)).all(), "incoming": (await session.execute(incoming)).all()}
    )

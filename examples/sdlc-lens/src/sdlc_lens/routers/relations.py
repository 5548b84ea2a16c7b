"""The relations of all documents."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Select, func, select

from sdlc_lens.dependencies import SessionDep, SliceDep
from sdlc_lens.models import Document, Relation
from sdlc_lens.schemas import Page, RelationRead

router = APIRouter(tags=["relations"])


def with_missing() -> Select[tuple[str, str, str, bool]]:
    """The relations, each with whether its target is missing."""
    missing = Document.key.is_(None).label("missing")
    query = select(Relation.source, Relation.kind, Relation.target, missing)
    return query.outerjoin(Document, Document.key == Relation.target)


@router.get("/relations")
async def find(
    session: SessionDep,
    part: SliceDep,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    *,
    missing: bool | None = None,
) -> Page[RelationRead]:
    """List the relations: all, those of a kind, those whose target is missing or is not."""
    query = with_missing()
    if kind is not None:
        query = query.where(Relation.kind == kind.lower().replace(" ", "-"))
    if missing is not None:
        query = query.where(Document.key.is_(None) if missing else Document.key.is_not(None))
    total = await session.scalar(select(func.count()).select_from(query.subquery()))
    ordered = query.order_by(Relation.source, Relation.kind, Relation.target)
    found = await session.execute(ordered.limit(part.limit).offset(part.offset))
    return Page(total=total or 0, items=[RelationRead.model_validate(row) for row in found])

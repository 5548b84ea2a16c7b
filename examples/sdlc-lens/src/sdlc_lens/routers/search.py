"""Full-text search."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from sqlalchemy import func, literal_column, select

from sdlc_lens.dependencies import SessionDep, SliceDep
from sdlc_lens.markdown import Kind
from sdlc_lens.models import Document, document_search
from sdlc_lens.schemas import Hit, Page

router = APIRouter(tags=["search"])

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Query()]


def expression(words: str) -> str:
    """FTS5's expression for documents with all the words: each quoted, as it has operators; the last may go on."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in words.split()]
    return " ".join(quoted) + "*"


@router.get("/search")
async def search(session: SessionDep, part: SliceDep, q: Words, kind: Kind | None = None) -> Page[Hit]:
    """Find the documents that hold all the words, the best match first."""
    index = literal_column("document_search")
    excerpt = func.snippet(index, 2, "*", "*", "…", 16).label("excerpt")
    query = (
        select(Document.key, Document.kind, Document.title, Document.status, excerpt, document_search.c.rank)
        .join(document_search, document_search.c.key == Document.key)
        .where(index.op("MATCH")(expression(q)))
    )
    if kind is not None:
        query = query.where(Document.kind == kind)
    total = await session.scalar(select(func.count()).select_from(query.with_only_columns(Document.key).subquery()))
    ordered = query.order_by(document_search.c.rank, Document.key)
    found = await session.execute(ordered.limit(part.limit).offset(part.offset))
    return Page(total=total or 0, items=[Hit.model_validate(row) for row in found])

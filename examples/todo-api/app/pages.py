"""Long lists, page by page."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Window:
    """The part of a list that the query asks for."""

    limit: Annotated[int, Query(ge=1, le=500)] = 100
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0


WindowDep = Annotated[Window, Depends()]


async def page(session: AsyncSession, query: Select[Any], window: Window) -> dict[str, Any]:
    """What `schemas.Page` is made of: the rows of `query` in the window, and how many rows there are without it."""
    total = await session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    items = await session.scalars(query.limit(window.limit).offset(window.offset))
    return {"items": items.all(), "total": total}

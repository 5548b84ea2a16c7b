"""The events of all clips."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from sqlalchemy import func, select

from video_events.dependencies import SessionDep, SliceDep
from video_events.models import Clip, Event
from video_events.schemas import Camera, EventRead, Page

router = APIRouter(prefix="/events", tags=["events"])


@router.get("")
def find(
    session: SessionDep,
    part: SliceDep,
    *,
    clip_id: UUID | None = None,
    camera: Camera | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    min_area: Annotated[float, Query(ge=0, le=1)] = 0,
) -> Page[EventRead]:
    """List the events in the order of their time: of a clip, of a camera, from and before a time, large ones."""
    conditions = [Event.area >= min_area]
    if clip_id is not None:
        conditions.append(Event.clip_id == clip_id)
    if camera is not None:
        conditions.append(Event.clip.has(Clip.camera == camera))
    if since is not None:
        conditions.append(Event.started_at >= since)
    if until is not None:
        conditions.append(Event.started_at < until)
    total = session.scalar(select(func.count()).select_from(Event).where(*conditions))
    ordered = select(Event).where(*conditions).order_by(Event.started_at, Event.id)
    found = session.scalars(ordered.limit(part.limit).offset(part.offset))
    return Page(total=total or 0, items=[EventRead.model_validate(event) for event in found])

"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

T = TypeVar("T")
Camera = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w .-]{1,50}$")]


class Page(BaseModel, Generic[T]):
    """A part of a result, and how many there are of it in all."""

    total: int
    items: list[T]


class EventRead(BaseModel):
    """Something moved. `area` is the largest share of the picture that changed at once."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    clip_id: UUID
    camera: str
    started_at: datetime
    offset: float
    duration: float
    area: float


class ClipSummary(BaseModel):
    """A clip as it is kept."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    camera: str
    media_type: str
    size: int
    duration: float
    width: int
    height: int
    recorded_at: datetime


class ClipRead(ClipSummary):
    """A clip with what moves in it."""

    events: list[EventRead]


class Health(BaseModel):
    """Whether the service can do its work."""

    status: str

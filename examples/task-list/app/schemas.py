"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Notes = Annotated[str, StringConstraints(max_length=10_000)]


class TaskCreate(BaseModel):
    """A new task. It goes to the end of the list."""

    title: Title
    notes: Notes = ""


class TaskUpdate(BaseModel):
    """What to change in a task. A field that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: Title = ""
    notes: Notes = ""
    done: bool = False


class TaskOrder(BaseModel):
    """Every task's id, in the order that the list is to have."""

    ids: list[int]


class TaskRead(BaseModel):
    """A task as it is kept."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    notes: str
    done: bool
    position: int
    created_at: datetime


class Health(BaseModel):
    """Whether the service can do its work."""

    status: str

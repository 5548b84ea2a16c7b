"""What goes in and out over HTTP."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, SecretStr, StringConstraints

# PostgreSQL keeps every character but NUL.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Title = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Notes = Annotated[Text, StringConstraints(max_length=10_000)]
Email = Annotated[EmailStr, AfterValidator(str.lower)]


class FromTable(BaseModel):
    """Read from a row."""

    model_config = ConfigDict(from_attributes=True)


class Page[Item](BaseModel):
    """Some of a list, and how long the whole list is."""

    items: list[Item]
    total: int


class UserCreate(BaseModel):
    """Somebody new."""

    email: Email
    password: Annotated[SecretStr, Field(min_length=12, max_length=200)]


class UserRead(FromTable):
    """A user, without what is nobody's business."""

    id: int
    email: str
    created_at: datetime


class KeyCreate(BaseModel):
    """A new key, named after what will use it."""

    name: Name


class KeyRead(FromTable):
    """A key as it is listed."""

    id: int
    name: str
    start: str
    created_at: datetime


class KeyMade(KeyRead):
    """A new key, and the only time that it is shown."""

    key: str


class TaskCreate(BaseModel):
    """A new task."""

    title: Title
    notes: Notes = ""
    due_on: date | None = None


class TaskUpdate(BaseModel):
    """What to change in a task. A field that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    title: Title = ""
    notes: Notes = ""
    done: bool = False
    due_on: date | None = None


class TaskRead(FromTable):
    """A task as it is kept."""

    id: int
    title: str
    notes: str
    done: bool
    due_on: date | None
    created_at: datetime


class Health(BaseModel):
    """Whether the service can do its work."""

    status: str


class Readiness(Health):
    """The same, store by store."""

    postgresql: str
    redis: str

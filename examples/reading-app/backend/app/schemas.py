"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.models import Status

# PostgreSQL keeps every character but NUL.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Title = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Body = Annotated[Text, StringConstraints(min_length=1, max_length=1_000_000)]


class FromTable(BaseModel):
    """Read from a row."""

    model_config = ConfigDict(from_attributes=True)


class TextCreate(BaseModel):
    """A new text."""

    title: Title
    body: Body


class FrequentWord(BaseModel):
    """A word, and how often it is there."""

    word: str
    count: int


class StatisticsRead(FromTable):
    """What was found in a text."""

    characters: int
    words: int
    sentences: int
    different_words: int
    frequent_words: list[FrequentWord]
    reading_seconds: int


class TextListed(FromTable):
    """A text as it is listed; the statistics are there when the status is `done`."""

    id: int
    title: str
    status: Status
    created_at: datetime
    statistics: StatisticsRead | None


class TextRead(TextListed):
    """A text with all that it says."""

    body: str


class TextPage(BaseModel):
    """Some of the texts, and how many there are."""

    items: list[TextListed]
    total: int


class Health(BaseModel):
    """Whether the service can do its work."""

    status: str


class Readiness(Health):
    """The same, one by one."""

    postgresql: str
    rabbitmq: str
    redis: str

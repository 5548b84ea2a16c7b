"""What goes out over HTTP."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from sdlc_lens.markdown import Kind

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A part of a result, and how many there are of it in all."""

    total: int
    items: list[T]


class Summary(BaseModel):
    """A document without its text."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    kind: Kind
    title: str
    status: str
    path: str


class DocumentRead(Summary):
    """A document with its text."""

    body: str


class Count(BaseModel):
    """How many documents of a kind have a status."""

    model_config = ConfigDict(from_attributes=True)

    kind: Kind
    status: str
    count: int


class RelationRead(BaseModel):
    """One document names another. A target that is missing has not been written, or not been found."""

    model_config = ConfigDict(from_attributes=True)

    source: str
    kind: str
    target: str
    missing: bool


class Related(BaseModel):
    """The documents that one names, and those that name it."""

    outgoing: list[RelationRead]
    incoming: list[RelationRead]


class Hit(BaseModel):
    """A document that was found, with the words around the first match; what matched stands between asterisks."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    kind: Kind
    title: str
    status: str
    excerpt: str


class Skipped(BaseModel):
    """A file that is not a document, and why."""

    path: str
    reason: str


class ScanRead(BaseModel):
    """What was read."""

    documents: int
    relations: int
    skipped: list[Skipped]


class Health(BaseModel):
    """Whether the service can do its work."""

    status: str


class Ready(Health):
    """The same, with what it has to work on."""

    documents: int

"""The tables."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import DateTime, ForeignKey, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """What the migrations are compared with."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


class Status(StrEnum):
    """How far a text has come."""

    WAITING = "waiting"
    RUNNING = "running"  # only in the progress: a worker that died would leave it in the table
    DONE = "done"
    FAILED = "failed"


class Statistics(Base):
    """What a worker found in a text. There is one row for each, however often the message is delivered."""

    __tablename__ = "statistics"

    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"), primary_key=True)
    characters: Mapped[int]
    words: Mapped[int]
    sentences: Mapped[int]
    different_words: Mapped[int]
    frequent_words: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    reading_seconds: Mapped[int]


class Document(Base):
    """A text to read."""

    __tablename__ = "texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, deferred=True)  # a list of texts needs no bodies
    status: Mapped[str] = mapped_column(String(10), index=True, server_default=Status.WAITING)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    statistics: Mapped[Statistics | None] = relationship(
        lazy="joined", cascade="all, delete-orphan", passive_deletes=True
    )

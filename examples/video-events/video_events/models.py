"""The tables."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKey, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Moment(TypeDecorator[datetime]):
    """A time with its offset, kept in UTC: PostgreSQL would give it back in the server's zone, SQLite in none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What the migrations are compared with."""

    type_annotation_map = {datetime: Moment}  # noqa: RUF012


class Clip(Base):
    """A video that was uploaded. Its file and its thumbnail bear its id; `name` is what it was called before."""

    __tablename__ = "clips"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(200))
    camera: Mapped[str] = mapped_column(String(50), index=True)
    media_type: Mapped[str] = mapped_column(String(50))
    size: Mapped[int]
    duration: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(index=True)
    events: Mapped[list["Event"]] = relationship(
        back_populates="clip", cascade="all, delete-orphan", order_by="Event.offset"
    )


class Event(Base):
    """Something moved: `offset` seconds into the clip, for `duration` seconds, over at most `area` of the picture."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[UUID] = mapped_column(ForeignKey("clips.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(index=True)
    offset: Mapped[float]
    duration: Mapped[float]
    area: Mapped[float]
    clip: Mapped[Clip] = relationship(back_populates="events", lazy="joined", innerjoin=True)

    @property
    def camera(self) -> str:
        """The camera that saw it."""
        return self.clip.camera

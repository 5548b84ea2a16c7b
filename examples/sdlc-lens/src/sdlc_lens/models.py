"""The tables."""

from sqlalchemy import ForeignKey, Index, String, Text, column, table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the migrations are compared with."""


class Document(Base):
    """A Markdown file, as it was when it was last read. Its key, such as US0024, is in its first heading."""

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_kind_status", "kind", "status"),)

    key: Mapped[str] = mapped_column(String(6), primary_key=True)
    path: Mapped[str] = mapped_column(String(1000), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)


class Relation(Base):
    """`source` names `target` in its field `kind`. The target may not have been written yet."""

    __tablename__ = "relations"

    source: Mapped[str] = mapped_column(ForeignKey("documents.key"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    target: Mapped[str] = mapped_column(String(6), primary_key=True, index=True)


# The full-text index: a virtual table of SQLite's FTS5, made by a migration.
document_search = table("document_search", column("key"), column("title"), column("body"), column("rank"))

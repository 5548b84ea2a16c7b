"""A folder of Markdown files → what the database holds of it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from sdlc_lens.markdown import NotADocument, Parsed, parse
from sdlc_lens.models import Document, Relation, document_search

LARGEST = 1_000_000  # bytes; a document that somebody wrote is far below


class NoFolder(Exception):
    """The folder of the documents is not there."""


@dataclass(frozen=True)
class Tree:
    """A folder, read: its documents with path and text, and the files that are none, with the reason."""

    documents: tuple[tuple[str, str, Parsed], ...]
    skipped: tuple[tuple[str, str], ...]


async def scan(folder: Path, session: AsyncSession) -> Tree:
    """Read the folder and let what was read take the place of what the database holds. Raises `NoFolder`."""
    tree = await asyncio.to_thread(read, folder)
    # The first statement writes, so that of two scans at once the second waits for the first.
    await session.execute(delete(Relation))
    await session.execute(delete(Document))
    await session.execute(delete(document_search))
    session.add_all(
        Document(key=parsed.key, path=path, kind=parsed.kind, title=parsed.title, status=parsed.status, body=text)
        for path, text, parsed in tree.documents
    )
    await session.flush()
    session.add_all(
        Relation(source=parsed.key, kind=kind, target=target)
        for _, _, parsed in tree.documents
        for kind, target in parsed.relations
    )
    columns = ["key", "title", "body"]
    await session.execute(
        insert(document_search).from_select(columns, select(Document.key, Document.title, Document.body))
    )
    await session.commit()
    return tree


def read(folder: Path) -> Tree:
    """Read every `*.md` below the folder, but in hidden folders. Raises `NoFolder`."""
    if not folder.is_dir():
        raise NoFolder(f"There is no folder {folder}")
    documents, skipped = dict[str, tuple[str, str, Parsed]](), list[tuple[str, str]]()
    for path in files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            text = content(path, folder)
            parsed = parse(text)
            if other := documents.get(parsed.key):
                raise NotADocument(f"{other[0]} is {parsed.key} already")
        except (NotADocument, OSError) as error:
            skipped.append((name, str(error)))
        else:
            documents[parsed.key] = (name, text, parsed)
    return Tree(tuple(documents.values()), tuple(skipped))


def files(folder: Path) -> Iterator[Path]:
    """The Markdown files below the folder, in the order of their names."""
    for path in sorted(folder.rglob("*.md")):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts) and path.is_file():
            yield path


def content(path: Path, folder: Path) -> str:
    """The text of a file. Raises `NotADocument` for one that leads out of the folder, is too large, or is no text."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise NotADocument("it is a link that leads out of the folder")
    if path.stat().st_size > LARGEST:
        raise NotADocument(f"it is larger than {LARGEST} bytes")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NotADocument("it is not UTF-8") from error

"""How long `lading inspect` takes, and how much memory, for 100, 1,000 and 10,000 Python files.

    bench/speed.py [--files N …] [--repeat N]

Each tree is one backend whose application reaches all of it: of twelve files one is a router, as in the larger public
backends, one a model, one a schema, eight are services, one of which reads the environment, and one is a test. They
have 136 lines on average and five nodes of syntax a line; public backends of a thousand files have 90 to 260, and four
to five. Each figure is of a process of its own, on a warm disk, from the import of lading to the project; the peak of
resident memory is what the kernel says (getrusage). The least of the repetitions counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_CHILD = """
import json, resource, sys, time
started = time.perf_counter()
from lading import settings
from lading.detect import detect
from lading.source import Directory
source = Directory(sys.argv[1])
found = detect(source, settings.load(source, {}, {}))
done = time.perf_counter()
usage = resource.getrusage(resource.RUSAGE_SELF)
used = usage.ru_utime + usage.ru_stime
print(json.dumps([done - started, used, usage.ru_maxrss * 1024, found.application.value.target]))
"""

_ROUTER = """'''Routes of part {n}.'''

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models.m{n} import Item{n}
from app.schemas.s{n} import Item{n}In, Item{n}Out, Page{n}
from app.services.v{n} import load_{n}, store_{n}

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/items-{n}", tags=["items {n}"])
Opened = Annotated[Session, Depends(load_{n})]


def found(session: Session, item_id: int) -> Item{n}:
    item = session.get(Item{n}, item_id)
    if item is None:
        logger.info("item %s was asked for and is not there", item_id)
        raise HTTPException(
            status_code=status.HTTP_404_NOT_FOUND,
            detail="there is no such item",
        )
    return item


@router.get("/", response_model=Page{n})
def list_items(session: Opened, skip: int = 0, limit: int = Query(default=100, le=1000)) -> Page{n}:
    statement = select(Item{n}).order_by(Item{n}.created).offset(skip).limit(limit)
    rows = session.scalars(statement).all()
    return Page{n}(items=[Item{n}Out.model_validate(row) for row in rows], next=skip + len(rows))
"""
_ROUTE = """

@router.{verb}("/{{item_id}}/{word}", response_model=Item{n}Out, summary="{word} of one item")
def {verb}_{word}(
    item_id: int,
    session: Opened,
    body: Item{n}In,
    dry: bool = False,
) -> Item{n}:
    '''Change the {word} of an item.

    Every field that the body has replaces what the item had; fields that are
    null are left as they are. With `dry` nothing is written, and the answer is
    what the item would be.
    '''
    item = found(session, item_id)

    # Somebody else may be at work on it: they get to finish first, and the
    # client is told to come back.
    if item.locked and not dry:
        raise HTTPException(
            status_code=status.HTTP_409_CONFLICT,
            detail={{"message": "the item is locked", "id": item_id, "what": "{word}"}},
        )

    changed = {{
        key: value
        for key, value in body.model_dump(exclude_unset=True).items()
        if value is not None
    }}
    for key, value in changed.items():
        setattr(item, key, value)
    if not dry:
        store_{n}(session, item)
        logger.info("{word} of %s: %s", item_id, sorted(changed))
    return item
"""
_MODEL = """'''Table {n}.'''

from datetime import UTC, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base


class Item{n}(Base):
    __tablename__ = "items_{n}"
    __table_args__ = (Index("ix_items_{n}_owner_created", "owner", "created"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200), index=True)
    description: Mapped[str | None] = mapped_column(String(2000))
    locked: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    owner: Mapped[int | None] = mapped_column(ForeignKey("items_{n}.id"))
    parent: Mapped["Item{n}"] = relationship(remote_side=[id])
"""
_COLUMN = """
    {word}: Mapped[str | None] = mapped_column(String(120))
    {word}_changed: Mapped[datetime | None] = mapped_column(index=True)

    @property
    def {word}_is_new(self) -> bool:
        return self.{word}_changed is not None and self.{word}_changed > self.created
"""
_SCHEMA = """'''What clients send and get, part {n}.'''

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Item{n}In(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = None


class Item{n}Out(Item{n}In):
    model_config = ConfigDict(from_attributes=True)

    id: int
    created: datetime


class Page{n}(BaseModel):
    items: list[Item{n}Out]
    next: int | None = None
"""
_PART = """

class {word}{n}(BaseModel):
    '''The {word} of an item, as clients give it.'''

    name: str = Field(min_length=1, max_length=80, description="what it is called")
    amount: float = Field(default=0, ge=0)
    tags: list[str] = Field(default_factory=list, max_length=20)

    @field_validator("tags")
    @classmethod
    def small(cls, tags: list[str]) -> list[str]:
        # Tags are compared without regard to case, and each counts once.
        return sorted({{tag.strip().lower() for tag in tags if tag.strip()}})
"""
_SERVICE = """'''What is done with items of part {n}.'''

import logging

from app.database import session
from app.models.m{n} import Item{n}
{uses}
logger = logging.getLogger(__name__)


def load_{n}():
    with session() as opened:
        yield opened


def store_{n}(opened, item):
    opened.add(item)
    opened.commit()
    logger.info("stored %s", item.id)
    return item


def total_{n}(items):
    return sum(len(item.title) for item in items if item.description is not None)
"""
_READS = '\nimport os\n\nLIMIT_{n} = int(os.environ.get("LIMIT_{n}", "100"))\n'
_USE = "from app.services.part{n}.w{m} import combine_{m}\n"
_WORK = """'''Step {m} of part {n}.'''

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)
LIMITS = {{"rows": 1000, "bytes": 1 << 20, "labels": 64}}


@dataclass(frozen=True)
class Step{m}:
    name: str
    weight: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in self.labels.items())


def combine_{m}(steps: Iterable[Step{m}], labels: Mapping[str, str]) -> float:
    total = 0.0
    for step in steps:
        if step.matches(labels):
            total += step.weight
        else:
            total -= step.weight / 2
    return max(total, 0.0)
"""
_STEP = """

def {word}_{m}(steps: Iterable[Step{m}], *, strict: bool = False) -> str:
    '''The {word} of the steps as JSON.

    Each step becomes one object with its name, its weight and its labels, in
    the order in which the steps are given; a step without labels is left out
    when `strict` asks for it, and the log says so.

    Raises `ValueError` when there are more than fit.
    '''
    rows: list[dict[str, Any]] = []
    for number, step in enumerate(steps):
        # What reads this later keeps all of it in memory: better no answer
        # at all than one that is too large.
        if number >= LIMITS["rows"]:
            raise ValueError(f"{word}: more than {{LIMITS['rows']}} steps")
        if strict and not step.labels:
            logger.warning("%s has no labels", step.name)
            continue
        rows.append(
            {{
                "name": step.name,
                "weight": round(step.weight, 3),
                "labels": dict(step.labels),
            }}
        )
    return json.dumps({{"{word}": rows}}, indent=2, sort_keys=True)
"""
_TEST = """from app.services.v{n} import total_{n}


def test_nothing_is_nothing():
    assert total_{n}([]) == 0
"""
_CASE = """

def test_{word}(client, make_item):
    item = make_item(title="{word}", description="of part {n}")
    answer = client.put(f"/items-{n}/{{item.id}}/{word}", json={{"title": "{word} again"}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["title"] == "{word} again"
    assert client.get("/items-{n}/").json()["items"]
"""
_WORDS = ("price", "label", "weight", "origin", "review")
_FIXED = {
    "requirements.txt": "fastapi==0.115.0\nuvicorn[standard]==0.34.0\nsqlalchemy==2.0.36\npydantic-settings==2.7.0\n",
    "Dockerfile": 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nCMD ["uvicorn", "app.main:app"]\n',
    "app/__init__.py": "",
    "app/models/__init__.py": "",
    "app/models/base.py": "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase): ...\n",
    "app/config.py": "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
    '    database_url: str = "sqlite:///./items.db"\n    secret_key: str\n\n\nsettings = Settings()\n',
    "app/database.py": "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n\n"
    "from app.config import settings\n\n"
    "engine = create_engine(settings.database_url)\nsession = sessionmaker(engine)\n",
}  # fmt: skip


def tree(count: int) -> Iterator[tuple[str, str]]:
    """The files of a backend with about `count` Python files."""
    yield from _FIXED.items()
    parts = max(1, (count - 6) // 12)
    for n in range(parts):
        verbs = zip(("get", "post", "put", "patch", "delete"), _WORDS, strict=True)
        routes = "".join(_ROUTE.format(n=n, verb=verb, word=word) for verb, word in verbs)
        yield f"app/routers/r{n}.py", _ROUTER.format(n=n) + routes
        yield f"app/models/m{n}.py", _MODEL.format(n=n) + "".join(_COLUMN.format(word=word) for word in _WORDS)
        schemas = (_PART.format(n=n, word=word.title()) for word in _WORDS)
        yield f"app/schemas/s{n}.py", _SCHEMA.format(n=n) + "".join(schemas)
        uses = "".join(_USE.format(n=n, m=m) for m in range(7))
        yield f"app/services/v{n}.py", _SERVICE.format(n=n, uses=uses) + _READS.format(n=n)
        for m in range(7):
            steps = "".join(_STEP.format(m=m, word=word) for word in _WORDS)
            yield f"app/services/part{n}/w{m}.py", _WORK.format(n=n, m=m) + steps
        yield f"tests/test_{n}.py", _TEST.format(n=n) + "".join(_CASE.format(n=n, word=word) for word in _WORDS)
    imports = "".join(f"from app.routers import r{n}\n" for n in range(parts))
    included = "".join(f"app.include_router(r{n}.router)\n" for n in range(parts))
    health = '\n\n@app.get("/health")\ndef health():\n    return {"status": "healthy"}\n'
    yield "app/main.py", f"from fastapi import FastAPI\n\n{imports}\napp = FastAPI()\n{included}{health}"


def write(root: Path, count: int) -> tuple[int, int]:
    """The number of Python files that were written, and of their lines."""
    files = lines = 0
    for path, text in tree(count):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        files += path.endswith(".py")
        lines += text.count("\n") if path.endswith(".py") else 0
    return files, lines


def measure(root: Path, repeat: int) -> tuple[float, float, float]:
    """Wall seconds and processor seconds to inspect, start of Python included, peak of memory in bytes: the least."""
    runs = []
    for _ in range(repeat):
        done = subprocess.run([sys.executable, "-c", _CHILD, str(root)], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
        if runs[-1][3] != "app.main:app":
            sys.exit(f"found {runs[-1][3]}")
    return min(run[0] for run in runs), min(run[1] for run in runs), min(run[2] for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="*", default=[100, 1_000, 10_000])
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    print("| Python files |   lines | inspect | processor | peak memory | ×files | ×time |")
    print("|-------------:|--------:|--------:|----------:|------------:|-------:|------:|")
    before: tuple[int, float] | None = None
    for count in args.files:
        with tempfile.TemporaryDirectory() as folder:
            files, lines = write(Path(folder), count)
            wall, processor, peak = measure(Path(folder), args.repeat)
        ratios = f"{files / before[0]:6.1f} | {wall / before[1]:5.1f}" if before else "       |      "
        cells = f"{files:12,} | {lines:7,} | {wall:5.2f} s | {processor:7.2f} s | {peak / 1e6:8.0f} MB"
        print(f"| {cells} | {ratios} |", flush=True)
        before = files, wall


if __name__ == "__main__":
    main()

"""How long `lading inspect` takes, and how much memory, for 100, 1,000 and 10,000 Python files.

    bench/speed.py [--files N …] [--repeat N]

Each tree is one backend whose application reaches all of it: of twelve files one is a router, as in the larger public
backends, one a model, one a schema, eight are services, one of which reads the environment, and one is a test. Each
figure is of a process of its own, on a warm disk; the peak of resident memory is what the kernel says (getrusage). The
least of the repetitions counts.
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
imported = time.perf_counter()
source = Directory(sys.argv[1])
found = detect(source, settings.load(source, {}, {}))
done = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([imported - started, done - imported, peak, found.application.value.target, len(found.environment)]))
"""

_ROUTER = '''"""Routes of part {n}."""

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session

from app.models.m{n} import Item{n}
from app.schemas.s{n} import Item{n}In, Item{n}Out
from app.services.v{n} import load_{n}, store_{n}

router = APIRouter(prefix="/items-{n}", tags=["items {n}"])


@router.get("/", response_model=list[Item{n}Out])
def list_items(session: Session = Depends(load_{n}), skip: int = 0, limit: int = 100) -> list[Item{n}]:
    return session.query(Item{n}).offset(skip).limit(limit).all()


@router.get("/{{item_id}}", response_model=Item{n}Out)
def get_item(item_id: int, session: Session = Depends(load_{n})) -> Item{n}:
    item = session.get(Item{n}, item_id)
    if item is None:
        raise HTTPException(status_code=404, detail="there is no such item")
    return item


@router.post("/", response_model=Item{n}Out, status_code=201)
def create_item(body: Item{n}In, session: Session = Depends(load_{n})) -> Item{n}:
    return store_{n}(session, body)
'''
_MODEL = '''"""Table {n}."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base


class Item{n}(Base):
    __tablename__ = "items_{n}"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200), index=True)
    description: Mapped[str | None] = mapped_column(String(2000))
    created: Mapped[datetime] = mapped_column(default=datetime.utcnow)
    owner: Mapped[int | None] = mapped_column(ForeignKey("items_{n}.id"))
    parent: Mapped["Item{n}"] = relationship(remote_side=[id])
'''
_SCHEMA = '''"""What clients send and get, part {n}."""

from datetime import datetime

from pydantic import BaseModel, Field


class Item{n}In(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = None


class Item{n}Out(Item{n}In):
    id: int
    created: datetime
'''
_SERVICE = '''"""What is done with items of part {n}."""

import logging

from app.database import session
from app.models.m{n} import Item{n}

logger = logging.getLogger(__name__)


def load_{n}():
    with session() as opened:
        yield opened


def store_{n}(opened, body):
    item = Item{n}(**body.model_dump())
    opened.add(item)
    opened.commit()
    logger.info("stored %s", item.id)
    return item


def total_{n}(items):
    return sum(len(item.title) for item in items if item.description is not None)
'''
_READS = '\nimport os\n\nLIMIT_{n} = int(os.environ.get("LIMIT_{n}", "100"))\n'
_USES = "".join(f"from app.services.part{{n}}.w{m} import combine_{m}\n" for m in range(7))
_WORK = '''"""Step {m} of part {n}."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


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


def dump_{m}(steps: Iterable[Step{m}]) -> str:
    rows: list[dict[str, Any]] = []
    for step in steps:
        rows.append({{"name": step.name, "weight": step.weight, "labels": dict(step.labels)}})
    return json.dumps(rows, indent=2, sort_keys=True)
'''
_TEST = "from app.services.v{n} import total_{n}\n\n\ndef test_nothing_is_nothing():\n    assert total_{n}([]) == 0\n"
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
        yield f"app/routers/r{n}.py", _ROUTER.format(n=n)
        yield f"app/models/m{n}.py", _MODEL.format(n=n)
        yield f"app/schemas/s{n}.py", _SCHEMA.format(n=n)
        yield f"app/services/v{n}.py", _SERVICE.format(n=n) + _READS.format(n=n) + _USES.format(n=n)
        yield from ((f"app/services/part{n}/w{m}.py", _WORK.format(n=n, m=m)) for m in range(7))
        yield f"tests/test_{n}.py", _TEST.format(n=n)
    imports = "".join(f"from app.routers import r{n}\n" for n in range(parts))
    included = "".join(f"app.include_router(r{n}.router)\n" for n in range(parts))
    health = '\n\n@app.get("/health")\ndef health():\n    return {"status": "healthy"}\n'
    yield "app/main.py", f"from fastapi import FastAPI\n\n{imports}\napp = FastAPI()\n{included}{health}"


def write(root: Path, count: int) -> int:
    """The number of Python files that were written."""
    for path, text in tree(count):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return sum(1 for _ in root.rglob("*.py"))


def measure(root: Path, repeat: int) -> tuple[float, float, float]:
    """Seconds to import, seconds to inspect, peak of memory in bytes: the least of each."""
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
    print("| Python files |  inspect |  a file | import | peak memory |")
    print("|-------------:|---------:|--------:|-------:|------------:|")
    for count in args.files:
        with tempfile.TemporaryDirectory() as folder:
            files = write(Path(folder), count)
            imported, inspected, peak = measure(Path(folder), args.repeat)
        each = inspected / files * 1000
        print(f"| {files:12,} | {inspected:6.2f} s | {each:4.2f} ms | {imported:4.2f} s | {peak / 1e6:8.0f} MB |")


if __name__ == "__main__":
    main()

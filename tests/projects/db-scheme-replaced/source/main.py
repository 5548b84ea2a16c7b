import os

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

# A platform's spelling, which SQLAlchemy no longer takes.
WHERE = os.environ["WHERE"]
if WHERE.startswith("postgres://"):
    WHERE = WHERE.replace("postgres://", "postgresql+asyncpg://", 1)

engine = create_async_engine(WHERE)
app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}

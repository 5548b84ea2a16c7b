import os

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import create_engine

engine = AsyncEngine(create_engine(url=os.environ["DATABASE_URL"]))
app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "healthy"}

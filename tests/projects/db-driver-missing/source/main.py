import os

from sqlalchemy.ext.asyncio import create_async_engine
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "healthy"}


engine = create_async_engine(os.getenv("DATABASE_URL", "postgresql+asyncpg://localhost/shop"))

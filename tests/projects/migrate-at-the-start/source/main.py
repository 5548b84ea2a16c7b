from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlmodel import SQLModel, create_engine

engine = create_engine("sqlite:///shop.db")


def make_tables():
    SQLModel.metadata.create_all(engine)


@asynccontextmanager
async def lifespan(app):
    make_tables()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
def health():
    return {"status": "healthy"}

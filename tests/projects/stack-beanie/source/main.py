import os
from contextlib import asynccontextmanager

from beanie import Document, init_beanie
from fastapi import FastAPI
from pymongo import AsyncMongoClient


class Note(Document):
    text: str


@asynccontextmanager
async def lifespan(app: FastAPI):
    client = AsyncMongoClient(os.environ["MONGO_URL"])
    await init_beanie(database=client.get_default_database(), document_models=[Note])
    yield
    await client.close()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/notes", status_code=201)
async def write(note: Note):
    return await note.insert()


@app.get("/notes")
async def read():
    return await Note.find_all().to_list()

import os

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, text

DATABASE_URL = os.getenv("DATABASE_URL", "mysql+mysqlconnector://root@localhost/notes")
engine = create_engine(DATABASE_URL)
app = FastAPI()


class Note(BaseModel):
    text: str


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/notes", status_code=201)
def write(note: Note):
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO notes (text) VALUES (:text)"), note.model_dump())
    return note


@app.get("/notes")
def read():
    with engine.connect() as connection:
        return [{"text": row.text} for row in connection.execute(text("SELECT text FROM notes"))]

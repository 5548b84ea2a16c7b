from fastapi import FastAPI, UploadFile

import kept
from config import settings
from kept import Parts, parts

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/files/{name}")
async def upload(name: str, file: UploadFile):
    made: Parts = parts(name)
    for folder in (made.whole.parent, made.small.parent):
        folder.mkdir(parents=True, exist_ok=True)
    made.whole.write_bytes(await file.read())
    kept.log(name)


@app.get("/words")
def words():
    return read(settings.words)


def read(folder):
    return [path.read_text() for path in folder.glob("*.txt")]

from fastapi import FastAPI

from config import load

app = FastAPI(title=load()["title"])


@app.get("/health")
def health():
    return {"status": "healthy"}

from fastapi import FastAPI

from config import settings

app = FastAPI(title=settings.TITLE)
TOKEN = settings.TOKEN


@app.get("/health")
def health():
    return {"status": "healthy"}

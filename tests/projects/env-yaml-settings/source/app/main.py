from fastapi import FastAPI

from app.config import settings

app = FastAPI(title=settings.title)


@app.get("/health")
def health():
    return {"status": "healthy"}

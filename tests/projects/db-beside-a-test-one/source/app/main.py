from fastapi import FastAPI

from app.database import engine

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}

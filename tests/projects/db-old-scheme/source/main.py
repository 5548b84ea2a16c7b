import os

from sqlalchemy import create_engine
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "healthy"}


engine = create_engine(os.getenv("DATABASE_URL", "postgres://localhost/shop"))

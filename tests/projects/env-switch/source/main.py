import os

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

app = FastAPI()
IS_LOCAL = os.getenv("STAGE", "live").lower() == "local"

if not IS_LOCAL:
    app.mount("/static", StaticFiles(directory=os.path.join(os.path.dirname(__file__), "static")))


@app.get("/health")
def health():
    return {"status": "healthy"}

from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


from pathlib import Path

from fastapi.staticfiles import StaticFiles

DIST = Path(__file__).resolve().parent / "ui" / "dist"
app.mount("/", StaticFiles(directory=DIST, html=True))

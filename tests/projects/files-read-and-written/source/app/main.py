import json
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

HERE = Path(__file__).parent
UPLOADS = os.getenv("UPLOADS", "uploads")

os.makedirs(UPLOADS, exist_ok=True)
os.makedirs("/data/cache", exist_ok=True)
handler = RotatingFileHandler("logs/app.log")
PROMPT = (HERE / "prompts" / "system.txt").read_text()
LABELS = json.load(open("labels.json"))
if os.path.exists("local.yaml"):
    LOCAL = open("local.yaml").read()

app = FastAPI()
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
templates = Jinja2Templates(directory=str(HERE / "templates"))


@app.get("/health")
def health():
    return {"status": "healthy"}

import os
import sys

from fastapi import FastAPI

from env import require

app = FastAPI()

TOKEN = os.getenv("TOKEN")
if not TOKEN:
    raise RuntimeError("TOKEN is not set")
WORKERS = int(os.getenv("WORKER_COUNT"))
QUEUE = require("QUEUE")
LEVEL = require("LEVEL", "info")
for name in ("REGION", "ZONE"):
    os.environ[name]
try:
    CACHE = os.environ["CACHE"]
except KeyError:
    CACHE = ""
if os.getenv("TRACING", "off") == "on":
    COLLECTOR = os.environ["COLLECTOR"]
PASSWORD = os.environ["LOGIN_PASSWORD"] if "LOGIN_PASSWORD" in os.environ else ""


@app.get("/health")
def health():
    return {"status": "healthy"}


@app.get("/mail")
def mail():
    return os.environ["MAIL_FROM"]


if __name__ == "__main__":
    sys.exit(os.environ["ONLY_A_SCRIPT"])

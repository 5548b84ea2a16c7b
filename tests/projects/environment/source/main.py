import os
from os import environ, getenv

from fastapi import FastAPI
from sqlalchemy import create_engine

PREFIX = "TASKS"
url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql://", 1)
engine = create_engine(url)
TOKEN = environ[f"{PREFIX}_TOKEN"]
TASKS_PORT = int(getenv(PREFIX + "_PORT", 8080))
TASKS_LEVEL = os.getenv("LOG_LEVEL") or "warning"
if "PROXY" in os.environ:
    proxy = os.environ["PROXY"]
os.environ["WRITTEN"] = "1"
computed = os.getenv("COMPUTED", str(os.getpid()))
app = FastAPI()

from importlib.metadata import entry_points

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///notes.db")
PLUGINS = entry_points(group="notes.plugins")

"""The application: `uvicorn main:app`."""

from fastapi import FastAPI

from video_events import config
from video_events.limit import LimitBody
from video_events.routers import clips, events, health

app = FastAPI(title="Video events", version="1.0.0")
app.add_middleware(LimitBody, largest=config.MAX_UPLOAD_MB * 1_000_000)
app.include_router(health.router)
app.include_router(clips.router, prefix="/api/v1")
app.include_router(events.router, prefix="/api/v1")

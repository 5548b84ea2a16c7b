"""The application."""

from fastapi import FastAPI

from app.routers import health, tasks

app = FastAPI(title="Task list", version="1.0.0")
app.include_router(health.router)
app.include_router(tasks.router, prefix="/api/v1")

from fastapi import FastAPI

from .routers import items, system

PREFIX = "/api"


def register(app: FastAPI) -> None:
    for router in (items.router, system.router):
        app.include_router(router, prefix=f"{PREFIX}/v1")

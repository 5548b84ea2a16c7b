from fastapi import FastAPI

from .api import register


def create_app(debug: bool = False) -> FastAPI:
    app = FastAPI(debug=debug)
    register(app)
    return app


def attach(app: FastAPI, router) -> FastAPI:
    app.include_router(router)
    return app

import os

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware


def add_middleware(app: FastAPI) -> None:
    app.add_middleware(GZipMiddleware)
    add_cors(app)


def add_cors(app: FastAPI) -> None:
    given = os.getenv("ALLOWED_ORIGINS")
    if given:
        origins = [origin.strip() for origin in given.split(",") if origin.strip()]
        pattern = None
    else:
        origins = ["http://localhost:3000"]
        pattern = r"^https?://(localhost|127\.0\.0\.1)(:\d+)?$"
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_origin_regex=pattern,
        allow_methods=["*"],
    )

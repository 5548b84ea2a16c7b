from functools import lru_cache
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic_settings import BaseSettings

app = FastAPI()


class Settings(BaseSettings):
    token: str


class Unused(BaseSettings):
    nobody_makes_it: str


@lru_cache
def get_settings() -> Settings:
    return Settings()


@app.get("/health")
def health():
    return {"status": "healthy"}


@app.get("/token")
def token(settings: Annotated[Settings, Depends(get_settings)]):
    return settings.token

from contextlib import asynccontextmanager

from beanie import Document, init_beanie
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    mongodb_url: str = "mongodb://localhost:27017"
    mongodb_name: str = "shop"


settings = Settings()


class Item(Document):
    title: str


@asynccontextmanager
async def lifespan(app: FastAPI):
    client = AsyncIOMotorClient(settings.mongodb_url)
    await init_beanie(database=client[settings.mongodb_name], document_models=[Item])
    yield


app = FastAPI(lifespan=lifespan, root_path="/shop")


@app.get("/health")
async def health():
    return {"status": "ok"}

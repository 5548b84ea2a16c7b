from typing import Optional

from fastapi import FastAPI
from pydantic import BaseSettings, Field


class Settings(BaseSettings):
    database: str = Field("mysql://shop@localhost/shop", env="MYSQL_URL")
    sentry_dsn: Optional[str]
    secret_key: str

    class Config:
        env_prefix = "shop_"


settings = Settings()
app = FastAPI()

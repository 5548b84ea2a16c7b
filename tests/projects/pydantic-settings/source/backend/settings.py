from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Limits(BaseModel):
    most: int = 3


class Common(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="COMMON_", extra="ignore")

    log_level: str = "INFO"


class Settings(Common):
    """What the environment decides."""

    model_config = SettingsConfigDict(env_prefix="LENS_")

    names: ClassVar[list[str]] = []
    host: str = "0.0.0.0"
    port: int = 8000
    debug: bool = False
    database_url: str = Field(default="postgresql+asyncpg://lens:lens@localhost/lens")
    jwt_secret: SecretStr
    api_key: Annotated[str, Field(validation_alias=AliasChoices("OPENAI_API_KEY", "AI_KEY"))]
    token_minutes: int = Field(30, ge=1)
    origins: list[str] = Field(default_factory=list)
    region: str | None = None
    limits: Limits = Limits()


@lru_cache
def get_settings() -> Settings:
    return Settings()

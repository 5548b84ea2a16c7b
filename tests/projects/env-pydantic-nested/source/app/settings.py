from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, Field, PostgresDsn, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.base import Base


class Stage(StrEnum):
    LOCAL = "local"
    PRODUCTION = "production"


class Smtp(BaseModel):
    host: str
    port: int = 25
    password: SecretStr | None = None


class Store(BaseModel):
    dsn: PostgresDsn = "postgresql+asyncpg://localhost/shop"


class Settings(Base):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    title: str = "shop"
    stage: Stage = Stage.LOCAL
    log_format: Literal["json", "plain"] = "json"
    region: str = "eu"
    smtp: Smtp
    store: Store = Store()
    api_key: Annotated[SecretStr, Field(validation_alias=AliasChoices("OPENAI_API_KEY", "AI_KEY"))]
    hosts: list[str] = ["localhost"]
    ignored: str = Field("x", env="NOT_READ_BY_VERSION_2")

    @field_validator("region")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in {"eu", "us"}:
            raise ValueError(value)
        return value


settings = Settings()

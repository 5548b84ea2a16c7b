"""Everything that the environment decides, read and checked once, when the service starts."""

from pathlib import Path
from typing import Literal

from pydantic import Field, PostgresDsn, RedisDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One field is one variable, in upper case; the three without a default must be set."""

    # A URL that is wrong is often a URL with a password: the error says what is wrong, and does not repeat it.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    database_url: PostgresDsn
    redis_url: RedisDsn = RedisDsn("redis://localhost:6379/0")
    secret_key: SecretStr = Field(min_length=32)

    cors_origins: list[str] = []
    rate_limit_per_minute: int = Field(default=120, ge=1)

    # Each worker has a pool of its own, and PostgreSQL takes 100 connections unless told otherwise: four workers
    # hold at most 4 times 4 + 1, and four replicas of them 80.
    database_pool_size: int = Field(default=4, ge=1)
    database_max_overflow: int = Field(default=1, ge=0)

    # prometheus_client itself reads this variable when it is imported; here it decides what `/metrics` adds up.
    prometheus_multiproc_dir: Path | None = None

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = Field(default=4, ge=1)
    log_level: Literal["critical", "error", "warning", "info", "debug", "trace"] = "info"


settings = Settings()

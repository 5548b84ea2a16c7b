"""Everything that the environment decides, for the service and for its workers, read and checked once."""

from pydantic import AmqpDsn, Field, PostgresDsn, RedisDsn
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One field is one variable, in upper case; the one without a default must be set."""

    # A URL that is wrong is often a URL with a password: the error says what is wrong, and does not repeat it.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    database_url: PostgresDsn
    rabbitmq_url: AmqpDsn = AmqpDsn("amqp://guest:guest@localhost:5672/")
    redis_url: RedisDsn = RedisDsn("redis://localhost:6379/0")

    queue: str = Field(default="reading", pattern=r"^[\w.-]{1,100}$")
    database_pool_size: int = Field(default=5, ge=1)  # for each process: four of a worker hold at most 20 connections
    words_per_minute: int = Field(default=240, ge=1)
    step_seconds: float = Field(default=0, ge=0)  # a pause after each step, for whoever wants to watch


settings = Settings()

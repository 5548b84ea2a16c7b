"""Everything that the environment decides, in one place."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field comes from the variable of its name, `SDLC_LENS_HOST` and so on; a value that cannot be raises."""

    model_config = SettingsConfigDict(env_prefix="SDLC_LENS_")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    # Three slashes: relative to the working directory. Four make it absolute.
    database_url: str = "sqlite+aiosqlite:///data/db/sdlc_lens.db"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    documents: Path = Path("documents")

    @field_validator("log_level", mode="before")
    @classmethod
    def in_either_case(cls, level: object) -> object:
        """`info` is as good as `INFO`."""
        return level.upper() if isinstance(level, str) else level

from pydantic_settings import BaseSettings, SettingsConfigDict


class Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BASE_", env_nested_delimiter="__")

    debug: bool = False

from pydantic import AnyUrl
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    store: AnyUrl


def read():
    return Settings()

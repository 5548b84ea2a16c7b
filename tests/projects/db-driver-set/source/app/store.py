from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine


def with_driver(text: str):
    url = make_url(text).set(drivername="postgresql+asyncpg")
    if "sslmode" in url.query:
        url = url.difference_update_query(["sslmode"])
    return url


def make(text: str):
    return create_async_engine(with_driver(text))

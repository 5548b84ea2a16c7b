"""Two engines over one driver: the service waits for many requests at once, a worker's thread for one message."""

from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import sessionmaker

from app.config import settings

url = make_url(str(settings.database_url)).set(drivername="postgresql+psycopg")
options = {
    "pool_size": settings.database_pool_size,
    "max_overflow": 0,
    "pool_timeout": 5,
    "pool_pre_ping": True,  # a connection that the server has closed meanwhile is replaced before it is used
    "connect_args": {"connect_timeout": 5},
}

async_engine = create_async_engine(url, **options)
engine = create_engine(url, **options)

# Objects stay readable after a commit: reading them again would be hidden input and output.
new_async_session = async_sessionmaker(async_engine, expire_on_commit=False)
new_session = sessionmaker(engine)

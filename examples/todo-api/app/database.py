"""The engine. Nothing of the web is imported here: the migrations use it, too."""

from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.config import settings


def asyncpg_url(text: str) -> URL:
    """The URL with asyncpg for its driver; `sslmode`, which hosted databases hand out, is libpq's name for `ssl`."""
    url = make_url(text).set(drivername="postgresql+asyncpg")
    if "sslmode" in url.query:
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
    return url


engine = create_async_engine(
    asyncpg_url(str(settings.database_url)),
    pool_size=settings.database_pool_size,
    max_overflow=settings.database_max_overflow,
    pool_timeout=5,
    pool_pre_ping=True,  # a connection that the server has closed meanwhile is replaced before it is used
    connect_args={"timeout": 5},
)
# Objects stay readable after a commit: reading them again would be hidden input and output.
new_session = async_sessionmaker(engine, expire_on_commit=False)

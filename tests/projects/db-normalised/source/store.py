import config
from sqlalchemy import create_engine, make_url


def opened(url):
    url = make_url(url)
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(url)


engine = opened(config.DATABASE_URL)

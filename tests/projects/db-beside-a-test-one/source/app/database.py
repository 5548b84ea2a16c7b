from sqlalchemy.ext.asyncio import create_async_engine

from app.config import settings

test_engine = create_async_engine(settings.test_url)
engine = create_async_engine(settings.url)

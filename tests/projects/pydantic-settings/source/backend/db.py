from sqlalchemy.ext.asyncio import create_async_engine

from backend.settings import get_settings

engine = create_async_engine(get_settings().database_url, pool_size=5)

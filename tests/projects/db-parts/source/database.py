import os

from sqlalchemy import create_engine

HOST = os.environ.get("DB_HOST", "localhost")
USER = os.environ["DB_USER"]
PASSWORD = os.environ["DB_PASSWORD"]
NAME = os.getenv("DB_NAME", "shop")

engine = create_engine(f"postgresql+psycopg://{USER}:{PASSWORD}@{HOST}/{NAME}", pool_size=20, max_overflow=0)

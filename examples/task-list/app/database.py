"""The engine. Nothing of the web is imported here: the migrations use it, too."""

from sqlalchemy import create_engine

from app import config

engine = create_engine(config.DATABASE_URL)

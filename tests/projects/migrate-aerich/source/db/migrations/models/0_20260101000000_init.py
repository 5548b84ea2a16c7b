from tortoise import BaseDBAsyncClient


async def upgrade(db: BaseDBAsyncClient) -> str:
    return "CREATE TABLE notes (id INTEGER PRIMARY KEY)"

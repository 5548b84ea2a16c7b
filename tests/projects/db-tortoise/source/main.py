from fastapi import FastAPI
from tortoise.contrib.fastapi import register_tortoise

from config import TORTOISE_ORM

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "healthy"}


register_tortoise(app, config=TORTOISE_ORM, generate_schemas=True)

import redis
from fastapi import FastAPI

app = FastAPI()
client = redis.Redis()


@app.get("/health")
def health():
    check()
    return {}


def check():
    redis_client().ping()


def redis_client():
    return client

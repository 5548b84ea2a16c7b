from fastapi import FastAPI
from starlette.config import Config

config = Config(".env")
NAME = config("NAME", default="shop")
app = FastAPI()


@app.get("/health")
def health():
    return {"status": "healthy"}

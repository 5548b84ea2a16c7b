import typer
from decouple import Csv, config
from environs import Env
from fastapi import FastAPI
from starlette.config import Config
from starlette.datastructures import Secret

env = Env()
env.read_env()
starlette = Config()

HOSTS = config("HOSTS", default="localhost", cast=Csv())
KEY = config("SIGNING_KEY")
SALT = starlette("SALT", cast=Secret)
DEBUG = starlette("DEBUG", cast=bool, default=False)
PORT = env.int("PORT", 8000)
with env.prefixed("MAIL_"):
    MAIL = env.str("SERVER")

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "healthy"}


def run(level: str = typer.Option("info", envvar="LOG_LEVEL")) -> None: ...

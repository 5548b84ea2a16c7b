from importlib.metadata import version

from fastapi import FastAPI

app = FastAPI(version=version("hatched"))

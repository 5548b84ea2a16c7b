from fastapi import FastAPI

from web.names import name

app = FastAPI()

import uvicorn
from fastapi import FastAPI

from backend import db
from backend.settings import get_settings

app = FastAPI()

if __name__ == "__main__":
    uvicorn.run("backend.main:app", host=get_settings().host, port=get_settings().port)

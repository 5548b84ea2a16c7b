from app import x
from fastapi import FastAPI

app = FastAPI()

from fastapi import FastAPI

mock = FastAPI()

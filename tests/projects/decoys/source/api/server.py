from fastapi import FastAPI

APP = FastAPI()


@APP.get("/status")
async def status():
    return {}

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI
from fastapi_utils.tasks import repeat_every

app = FastAPI()
scheduler = AsyncIOScheduler()


@app.on_event("startup")
@repeat_every(seconds=60)
def tidy(): ...

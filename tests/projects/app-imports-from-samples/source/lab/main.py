from fastapi import FastAPI

from lab.samples.routes import router

app = FastAPI()
app.include_router(router)

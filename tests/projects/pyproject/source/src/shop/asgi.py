from fastapi import FastAPI

from shop.routes import router

application: FastAPI = FastAPI()
application.include_router(router)

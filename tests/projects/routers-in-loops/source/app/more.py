from fastapi import FastAPI

from app.api import ready


def everything():
    routers = [ready.router]
    return routers


def add(app: FastAPI, routers):
    for router in routers:
        app.include_router(router)

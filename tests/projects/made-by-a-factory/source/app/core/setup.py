from fastapi import FastAPI


def create_application(title: str) -> FastAPI:
    application = FastAPI(title=title)
    return application

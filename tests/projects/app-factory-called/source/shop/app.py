from fastapi import FastAPI


def create(debug: bool = False):
    app = FastAPI()
    return app

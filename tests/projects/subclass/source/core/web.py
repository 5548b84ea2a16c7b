import fastapi


class Service(fastapi.FastAPI):
    pass

import fastapi

def serve()
    return fastapi.FastAPI()

import socketio
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

api = FastAPI()
server = socketio.AsyncServer(async_mode="asgi")


@api.get("/healthcheck")
def healthcheck():
    return {}


app = socketio.ASGIApp(server, other_asgi_app=api)
app = CORSMiddleware(app=app, allow_origins=["*"])

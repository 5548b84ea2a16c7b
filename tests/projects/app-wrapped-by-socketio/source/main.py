import socketio
from fastapi import FastAPI

api = FastAPI()
sio = socketio.AsyncServer(async_mode="asgi")
socket_app = socketio.ASGIApp(sio, other_asgi_app=api)


@api.get("/ping")
def ping():
    return "pong"

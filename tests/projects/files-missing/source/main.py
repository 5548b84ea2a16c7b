import ssl

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

context = ssl.create_default_context()
context.load_cert_chain("certs/server.pem", "certs/server.key")
app = FastAPI()
app.mount("/", StaticFiles(directory="dist", html=True))

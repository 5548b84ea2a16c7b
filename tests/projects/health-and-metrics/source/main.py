from fastapi import FastAPI
from prometheus_client import make_asgi_app
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


Instrumentator().instrument(app).expose(app, endpoint="/internal/metrics")
app.mount("/metrics", make_asgi_app())

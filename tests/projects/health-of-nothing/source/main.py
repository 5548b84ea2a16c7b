from fastapi import FastAPI

app = FastAPI(openapi_url=None)


@app.get("/orders/status")
def status(order: int):
    return order

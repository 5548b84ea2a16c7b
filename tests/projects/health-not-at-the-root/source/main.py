from fastapi import FastAPI
from fastapi.responses import RedirectResponse

app = FastAPI(openapi_url="/v1/openapi.json")


@app.get("/")
def root():
    return RedirectResponse("/docs")

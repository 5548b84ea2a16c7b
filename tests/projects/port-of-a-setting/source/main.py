from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


if __name__ == "__main__":
    import uvicorn

    from config import settings

    uvicorn.run(app, host=settings.server.host, port=settings.server.port)

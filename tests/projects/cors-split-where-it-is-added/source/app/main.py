from fastapi import FastAPI

from app.middleware import add_middleware


def create_app() -> FastAPI:
    app = FastAPI()
    add_middleware(app)
    return app


app = create_app()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "healthy"}

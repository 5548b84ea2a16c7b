import uvicorn
from fastapi import FastAPI


def create_app(config: dict[str, str]) -> FastAPI:
    app = FastAPI(title=config["title"])

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "healthy"}

    return app


def start(config: dict[str, str]) -> None:
    app = create_app(config)
    uvicorn.run(app, host="0.0.0.0", port=8000)

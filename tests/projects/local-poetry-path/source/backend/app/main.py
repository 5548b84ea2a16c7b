from fastapi import FastAPI
from greeting import hello

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"said": hello()}

from fastapi import FastAPI
from units import convert

app = FastAPI()


@app.get("/health")
def health() -> dict[str, float]:
    return {"metres": convert.metres(10)}

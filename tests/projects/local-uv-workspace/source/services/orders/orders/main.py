import money
import prices
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"price": money.shown(prices.PRICE), "note": prices.note()}

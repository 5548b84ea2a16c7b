import json
import os

from fastapi import FastAPI

type Names = list[str]

app = FastAPI()
LABELS = {"name": "shop"}
REGION = os.environ["SHOP_REGION"]
TITLE = f"{LABELS["name"]} {REGION}"


class Page[T]:
    items: list[T]


def first[T](items: list[T]) -> T:
    return items[0]


@app.get("/health")
def health() -> dict[str, str]:
    try:
        return {"status": first(json.loads('["healthy"]'))}
    except ValueError, IndexError:
        return {"status": "healthy"}

from fastapi import FastAPI

from docs.texts import SUMMARY
from tests.samples import sample

app = FastAPI(summary=SUMMARY)


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": sample()}

import os

import psycopg
from fastapi import APIRouter

router = APIRouter(prefix="/samples")
URL = os.environ["SAMPLES_DATABASE_URL"]


@router.get("/health")
def health() -> dict[str, str]:
    psycopg.connect(URL).close()
    return {"status": "healthy"}

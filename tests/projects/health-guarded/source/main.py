from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.security import APIKeyHeader

key = APIKeyHeader(name="X-Key")


def caller(given: Annotated[str, Security(key)]):
    return given


router = APIRouter(prefix="/internal", dependencies=[Depends(caller)])
app = FastAPI()


@router.get("/health")
def health():
    return {}


app.include_router(router)

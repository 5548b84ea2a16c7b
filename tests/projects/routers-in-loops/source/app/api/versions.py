from fastapi import APIRouter

one = APIRouter()
two = APIRouter()


@one.get("/health")
def first():
    return {"status": "ok"}


@two.get("/health")
def second():
    return {"status": "ok"}

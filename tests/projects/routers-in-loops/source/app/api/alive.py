from fastapi import APIRouter

router = APIRouter()


@router.get("/healthz")
def answer():
    return {"status": "ok"}

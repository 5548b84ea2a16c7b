from fastapi import APIRouter

router = APIRouter()


@router.get("/health")
def answer():
    return {"status": "ok"}

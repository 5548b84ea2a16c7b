from fastapi import APIRouter

router = APIRouter()


@router.get("/ready")
def answer():
    return {"status": "ok"}

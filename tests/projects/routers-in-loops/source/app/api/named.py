from fastapi import APIRouter

router = APIRouter()


@router.get("/ping")
def answer():
    return {"status": "ok"}

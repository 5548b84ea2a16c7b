from fastapi import APIRouter

router = APIRouter()


@router.get("/livez")
def answer():
    return {"status": "ok"}

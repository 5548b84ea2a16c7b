from fastapi import APIRouter

router = APIRouter()
ROUTERS = (router,)


@router.get("/readyz")
def answer():
    return {"status": "ok"}

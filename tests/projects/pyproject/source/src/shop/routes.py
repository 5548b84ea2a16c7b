from fastapi import APIRouter

router = APIRouter(prefix="/shop")


@router.get("/healthz")
async def healthz():
    return {}

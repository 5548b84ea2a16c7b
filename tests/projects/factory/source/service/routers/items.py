from fastapi import APIRouter

router = APIRouter(prefix="/items")


@router.get("/{name}/health")
def of(name: str):
    return name

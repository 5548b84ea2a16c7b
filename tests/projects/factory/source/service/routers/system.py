from fastapi import APIRouter

router = APIRouter(prefix="/system")


@router.api_route("/ready", methods=["GET", "HEAD"])
def ready():
    return {}

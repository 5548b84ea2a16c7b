"""What Prometheus scrapes."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.metrics import registry

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics() -> Response:
    """The sum over all workers, whichever of them is asked."""
    return Response(generate_latest(registry()), headers={"Content-Type": CONTENT_TYPE_LATEST})

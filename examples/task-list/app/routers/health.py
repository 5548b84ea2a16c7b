"""Is the service alive? Asked every few seconds, so it touches nothing else."""

from fastapi import APIRouter

from app.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Answer, and so prove that the event loop turns."""
    return Health(status="healthy")

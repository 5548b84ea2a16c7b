"""Is the service alive, and can it work?"""

from fastapi import APIRouter, HTTPException, status
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from video_events.dependencies import SessionDep
from video_events.models import Clip
from video_events.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> Health:
    """Answer, and so prove that the event loop turns. Asked every few seconds, so it touches nothing else."""
    return Health(status="healthy")


@router.get("/ready", responses={503: {"description": "The database does not answer"}})
def ready(session: SessionDep) -> Health:
    """Ask the database, and so prove that it is there and has its tables."""
    try:
        session.execute(select(Clip.id).limit(1))
    except SQLAlchemyError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "The database does not answer") from error
    return Health(status="ready")

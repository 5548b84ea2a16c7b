"""Is the service alive, and can it answer?"""

from fastapi import APIRouter, HTTPException, status
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from sdlc_lens.dependencies import SessionDep
from sdlc_lens.models import Document
from sdlc_lens.schemas import Health, Ready

router = APIRouter(prefix="/system", tags=["system"])


@router.get("/health")
async def health() -> Health:
    """Answer, and so prove that the event loop turns. Asked every few seconds, so it touches nothing else."""
    return Health(status="healthy")


@router.get("/ready", responses={503: {"description": "The database does not answer"}})
async def ready(session: SessionDep) -> Ready:
    """Ask the database, and so prove that it is there and has its tables."""
    try:
        documents = await session.scalar(select(func.count()).select_from(Document))
    except SQLAlchemyError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "The database does not answer") from error
    return Ready(status="ready", documents=documents or 0)

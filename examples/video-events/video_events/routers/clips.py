"""The clips: upload, list, read, see, delete."""

import shutil
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response, UploadFile, status
from fastapi.responses import FileResponse
from pydantic import AwareDatetime
from sqlalchemy import func, select

from video_events import config
from video_events.dependencies import SessionDep, SliceDep
from video_events.models import Clip, Event
from video_events.motion import find_motion
from video_events.schemas import Camera, ClipRead, ClipSummary, Page
from video_events.storage import files, new_files
from video_events.video import NotAVideo, cut_thumbnail, probe

router = APIRouter(prefix="/clips", tags=["clips"])


def existing(clip_id: UUID, session: SessionDep) -> Clip:
    """The clip that the path names, or the answer 404."""
    clip = session.get(Clip, clip_id)
    if clip is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no clip {clip_id}")
    return clip


ClipDep = Annotated[Clip, Depends(existing)]


@router.post(
    "",
    response_model=ClipRead,
    status_code=status.HTTP_201_CREATED,
    responses={413: {"description": "The file is too large"}},
)
def upload(
    *,
    file: UploadFile,
    session: SessionDep,
    request: Request,
    response: Response,
    camera: Annotated[Camera, Form()] = "unknown",
    recorded_at: Annotated[AwareDatetime | None, Form()] = None,
) -> Clip:
    """Keep a clip, with a thumbnail and the events that were found in it. It was recorded now if nobody says when."""
    clip_id, recorded_at = uuid4(), recorded_at or datetime.now(UTC)
    with new_files(clip_id) as made:
        with made.video.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        try:
            video = probe(made.video)
            cut_thumbnail(made.video, video, made.thumbnail)
            motions = find_motion(made.video, config.MOTION_AREA)
        except NotAVideo as error:
            raise HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, str(error)) from error
        clip = Clip(
            id=clip_id,
            name=printable(file.filename or "clip"),
            camera=camera,
            media_type=video.media_type,
            size=made.video.stat().st_size,
            duration=video.duration,
            width=video.width,
            height=video.height,
            recorded_at=recorded_at,
            events=[
                Event(
                    started_at=recorded_at + timedelta(seconds=motion.start),
                    offset=round(motion.start, 3),
                    duration=round(motion.end - motion.start, 3),
                    area=round(motion.area, 4),
                )
                for motion in motions
            ],
        )
        session.add(clip)
        session.commit()
    response.headers["location"] = request.app.url_path_for("read", clip_id=clip_id)
    return clip


@router.get("")
def find(session: SessionDep, part: SliceDep, camera: Camera | None = None) -> Page[ClipSummary]:
    """List the clips, the newest first: all, or those of one camera."""
    query = select(Clip)
    if camera is not None:
        query = query.where(Clip.camera == camera)
    total = session.scalar(select(func.count()).select_from(query.subquery()))
    ordered = query.order_by(Clip.recorded_at.desc(), Clip.id)
    found = session.scalars(ordered.limit(part.limit).offset(part.offset))
    return Page(total=total or 0, items=[ClipSummary.model_validate(clip) for clip in found])


@router.get("/{clip_id}", response_model=ClipRead)
def read(clip: ClipDep) -> Clip:
    """One clip, with its events."""
    return clip


@router.get("/{clip_id}/file", response_class=FileResponse)
def download(clip: ClipDep) -> FileResponse:
    """The file as it was uploaded, in parts where a player asks for them."""
    return FileResponse(files(clip.id).video, media_type=clip.media_type, filename=clip.name)


@router.get("/{clip_id}/thumbnail", response_class=FileResponse)
def thumbnail(clip: ClipDep) -> FileResponse:
    """The picture in the middle of the clip."""
    return FileResponse(files(clip.id).thumbnail, media_type="image/jpeg")


@router.delete("/{clip_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(clip: ClipDep, session: SessionDep) -> None:
    """Remove a clip, its events and its files for good."""
    session.delete(clip)
    session.commit()
    files(clip.id).remove()


def printable(name: str) -> str:
    """A file's name that any database and any terminal can take."""
    return "".join(filter(str.isprintable, name))[:200]

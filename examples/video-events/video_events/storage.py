"""The files of the clips, below `DATA_DIR`. Their names are ids of ours, never what somebody uploaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from video_events import config


@dataclass(frozen=True)
class Files:
    """Where the parts of a clip are kept."""

    video: Path
    thumbnail: Path

    def remove(self) -> None:
        """Remove what there is of them."""
        self.video.unlink(missing_ok=True)
        self.thumbnail.unlink(missing_ok=True)


def files(clip_id: UUID) -> Files:
    """The files of a clip."""
    return Files(config.DATA_DIR / "clips" / str(clip_id), config.DATA_DIR / "thumbnails" / f"{clip_id}.jpg")


@contextmanager
def new_files(clip_id: UUID) -> Iterator[Files]:
    """The files of a new clip, whose folders are there. An error takes what was written with it."""
    made = files(clip_id)
    for file in (made.video, made.thumbnail):
        file.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield made
    except BaseException:
        made.remove()
        raise

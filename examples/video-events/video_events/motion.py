"""Where something moves in a video: two pictures that follow each other differ in more than a share of their area."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
from cv2.typing import MatLike

from video_events import config
from video_events.video import NotAVideo

EVERY = 0.2  # seconds between two pictures that are compared
PAUSE = 1.0  # seconds without motion that end a motion
WIDTH = 320  # pixels are enough to see that something moves
DIFFERENT = 25  # of 255: below it is the noise of a camera


@dataclass(frozen=True)
class Motion:
    """From and to which second something moves, and the largest share of the picture that changed at once."""

    start: float
    end: float
    area: float


def find_motion(file: Path, least: float) -> list[Motion]:
    """The motions over at least the share `least` of the picture.

    Raises `NotAVideo` for a file without pictures, or one that is too long.
    """
    found = list[Motion]()
    before: tuple[float, MatLike] | None = None
    for second, picture in pictures(file):
        if before is not None:
            area = changed(before[1], picture)
            if area >= least:
                found = joined(found, Motion(before[0], second, area))
        before = second, picture
    if before is None:
        raise NotAVideo("The video has no pictures")
    return found


def joined(found: list[Motion], new: Motion) -> list[Motion]:
    """The motions with a new one, which goes on with the last one if it follows soon."""
    if found and new.start - found[-1].end <= PAUSE:
        last = found[-1]
        return [*found[:-1], Motion(last.start, new.end, max(last.area, new.area))]
    return [*found, new]


def changed(one: MatLike, other: MatLike) -> float:
    """The share of the pixels that differ."""
    _, different = cv2.threshold(cv2.absdiff(one, other), DIFFERENT, 255, cv2.THRESH_BINARY)
    return cv2.countNonZero(different) / different.size


def pictures(file: Path) -> Iterator[tuple[float, MatLike]]:
    """The pictures to compare with their seconds: small, grey, without the finest detail."""
    capture = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    try:
        due = 0.0
        while capture.grab():
            second = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if second > config.MAX_CLIP_SECONDS:  # whatever the file says of its length
                raise NotAVideo(f"The clip is longer than {config.MAX_CLIP_SECONDS} seconds")
            if second < due:
                continue
            due = second + EVERY
            read, picture = capture.retrieve()
            if read:
                height = max(1, round(picture.shape[0] * WIDTH / picture.shape[1]))
                grey = cv2.cvtColor(cv2.resize(picture, (WIDTH, height)), cv2.COLOR_BGR2GRAY)
                yield second, cv2.GaussianBlur(grey, (5, 5), 0)
    finally:
        capture.release()

"""What ffmpeg does for us: say what a file is, and cut a picture out of it.

The file comes from anybody. Only containers that hold a video themselves are opened: a playlist, which ffmpeg takes for
a video too, could name any file of this machine.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from video_events import config

CONTAINERS = {"mov": "video/mp4", "matroska": "video/x-matroska", "avi": "video/x-msvideo", "mpegts": "video/mp2t"}
THUMBNAIL_WIDTH = 320
LARGEST = 4096 * 2304  # pixels: each picture is unpacked in memory


class NotAVideo(ValueError):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True)
class Video:
    """What a file is: its media type, its length in seconds, the size of its picture."""

    media_type: str
    duration: float
    width: int
    height: int


def probe(file: Path) -> Video:
    """Look into a file. Raises `NotAVideo` for one that holds none, or one that is too long or too large."""
    shown = "format=format_name,duration:stream=width,height"
    out = run("ffprobe", *source(file), "-select_streams", "v:0", "-show_entries", shown, "-of", "json")
    said = json.loads(out)
    try:
        stream, container = said["streams"][0], said["format"]
        media_type = CONTAINERS[container["format_name"].partition(",")[0]]
        video = Video(media_type, float(container["duration"]), int(stream["width"]), int(stream["height"]))
    except (KeyError, IndexError, ValueError) as error:
        raise NotAVideo("The file holds no video, or does not say how long it is") from error
    if video.duration > config.MAX_CLIP_SECONDS:
        raise NotAVideo(f"The clip is longer than {config.MAX_CLIP_SECONDS} seconds")
    if video.width * video.height > LARGEST:
        raise NotAVideo(f"The picture is larger than {LARGEST} pixels")
    return video


def cut_thumbnail(file: Path, video: Video, picture: Path) -> None:
    """Write the picture in the middle of the video as a JPEG, or the first if none follows the middle.

    Raises `NotAVideo` for a file without pictures.
    """
    scale = f"scale={THUMBNAIL_WIDTH}:-2"
    frame = ("-frames:v", "1", "-vf", scale, "-f", "image2", "-update", "1", "-y", str(picture))
    for second in (video.duration / 2, 0):
        run("ffmpeg", "-nostdin", "-ss", str(second), *source(file), *frame)
        if picture.exists():
            return
    raise NotAVideo("The video has no pictures")


def source(file: Path) -> tuple[str, ...]:
    """The arguments that make `file` the input, and nothing that it may name."""
    return ("-v", "error", "-protocol_whitelist", "file", "-format_whitelist", ",".join(CONTAINERS), "-i", str(file))


def run(*command: str) -> bytes:
    """What the program prints. Raises `NotAVideo` where it fails, or does not end in time."""
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=config.FFMPEG_TIMEOUT).stdout
    except subprocess.CalledProcessError as error:
        raise NotAVideo("The file is not a video that can be read") from error
    except subprocess.TimeoutExpired as error:
        raise NotAVideo(f"The video takes longer than {config.FFMPEG_TIMEOUT} seconds to read") from error

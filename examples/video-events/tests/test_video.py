import subprocess
from pathlib import Path

import cv2
import pytest
from conftest import colour, make

from video_events import config
from video_events.motion import Motion, find_motion, joined
from video_events.video import NotAVideo, Video, cut_thumbnail, probe


def test_a_video_is_looked_into(moving: Path, still: Path) -> None:
    assert probe(moving) == Video("video/mp4", 4.0, 320, 240)
    assert probe(still) == Video("video/x-matroska", 2.0, 320, 240)


def test_a_playlist_is_not_followed(moving: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "clip.mp4"
    (tmp_path / "other.mp4").write_bytes(moving.read_bytes())
    playlist.write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(NotAVideo, match="not a video that can be read"):
        probe(playlist)


def test_a_clip_that_is_too_long_is_refused(moving: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MAX_CLIP_SECONDS", 3)
    with pytest.raises(NotAVideo, match="longer than 3 seconds"):
        probe(moving)
    with pytest.raises(NotAVideo, match="longer than 3 seconds"):
        find_motion(moving, 0.01)


def test_a_picture_that_is_too_large_is_refused(tmp_path: Path) -> None:
    large = make(tmp_path / "large.mp4", *colour("gray:s=4098x2304", 1), "null")
    with pytest.raises(NotAVideo, match="larger than 9437184 pixels"):
        probe(large)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mp4"
    tone = ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", str(sound)]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *tone], check=True)
    with pytest.raises(NotAVideo, match="holds no video"):
        probe(sound)


def test_a_single_picture_is_a_video(tmp_path: Path) -> None:
    one = make(tmp_path / "one.mp4", "-f", "lavfi", "-i", "color=gray:s=320x240:r=10:d=0.1", "null")
    cut_thumbnail(one, probe(one), tmp_path / "one.jpg")
    assert find_motion(one, 0.01) == []


def test_a_program_that_takes_too_long_is_ended(moving: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "FFMPEG_TIMEOUT", 0.001)
    with pytest.raises(NotAVideo, match="takes longer than"):
        probe(moving)


def test_a_thumbnail_is_cut_from_the_middle(moving: Path, tmp_path: Path) -> None:
    cut_thumbnail(moving, probe(moving), tmp_path / "thumbnail.jpg")
    picture = cv2.imread(str(tmp_path / "thumbnail.jpg"), cv2.IMREAD_GRAYSCALE)
    assert picture[120, 250] > 230  # the square, where it is after two seconds
    assert picture[120, 100] < 150  # the wall


def test_motion_is_found_where_it_is(moving: Path) -> None:
    [motion] = find_motion(moving, 0.01)
    assert motion.start == pytest.approx(1.0, abs=0.25)
    assert motion.end == pytest.approx(2.1, abs=0.25)
    assert 0.04 < motion.area < 0.12
    assert find_motion(moving, 0.5) == []


def test_a_wall_does_not_move(still: Path) -> None:
    assert find_motion(still, 0.001) == []


def test_motions_that_follow_soon_are_one() -> None:
    first = [Motion(1.0, 1.2, 0.1)]
    assert joined(first, Motion(2.0, 2.4, 0.3)) == [Motion(1.0, 2.4, 0.3)]
    assert joined(first, Motion(2.4, 2.6, 0.3)) == [Motion(1.0, 1.2, 0.1), Motion(2.4, 2.6, 0.3)]

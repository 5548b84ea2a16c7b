from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import pytest
from conftest import migrate
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from main import app
from video_events.limit import LimitBody

CLIPS, EVENTS = "/api/v1/clips", "/api/v1/events"


def add(client: TestClient, file: Path, **form: str) -> dict[str, Any]:
    answer = client.post(CLIPS, files={"file": (file.name, file.read_bytes())}, data=form)
    assert answer.status_code == 201, answer.text
    return answer.json()


def kept(data: Path) -> list[Path]:
    return [path for path in data.rglob("*") if path.is_file()]


def test_health_needs_no_database(client: TestClient, engine: Engine) -> None:
    migrate(engine, "base")
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_ready_needs_one(client: TestClient, engine: Engine) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    migrate(engine, "base")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"detail": "The database does not answer"})


def test_a_clip_is_kept_with_its_events(client: TestClient, moving: Path) -> None:
    answer = client.post(
        CLIPS,
        files={"file": ("front door.mp4", moving.read_bytes())},
        data={"camera": " Front door ", "recorded_at": "2026-01-23T12:00:00+02:00"},
    )
    clip = answer.json()
    [event] = clip.pop("events")
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{CLIPS}/{clip['id']}"
    assert clip == {
        "id": clip["id"],
        "name": "front door.mp4",
        "camera": "Front door",
        "media_type": "video/mp4",
        "size": moving.stat().st_size,
        "duration": 4.0,
        "width": 320,
        "height": 240,
        "recorded_at": "2026-01-23T10:00:00Z",
    }
    assert (event["clip_id"], event["camera"]) == (clip["id"], "Front door")
    assert event["offset"] == pytest.approx(1.0, abs=0.25)
    assert event["started_at"].startswith(("2026-01-23T10:00:00.", "2026-01-23T10:00:01"))
    assert client.get(answer.headers["location"]).json() == {**clip, "events": [event]}
    assert client.get(CLIPS).json() == {"total": 1, "items": [clip]}


def test_its_file_and_its_thumbnail_are_served(client: TestClient, moving: Path, tmp_path: Path) -> None:
    clip = f"{CLIPS}/{add(client, moving)['id']}"
    answer = client.get(f"{clip}/file")
    assert (answer.headers["content-type"], answer.content) == ("video/mp4", moving.read_bytes())
    assert client.get(f"{clip}/file", headers={"range": "bytes=4-7"}).content == b"ftyp"
    answer = client.get(f"{clip}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    (tmp_path / "got.jpg").write_bytes(answer.content)
    assert cv2.imread(str(tmp_path / "got.jpg")).shape == (240, 320, 3)


def test_a_clip_without_motion_has_no_events(client: TestClient, still: Path) -> None:
    clip = add(client, still)
    assert (clip["camera"], clip["events"]) == ("unknown", [])


@pytest.mark.parametrize("content", [b"", b"not a video", b"\x00\x00\x00\x20ftypisom" + b"\x00" * 500])
def test_what_is_no_video_is_refused_and_not_kept(client: TestClient, data: Path, content: bytes) -> None:
    answer = client.post(CLIPS, files={"file": ("clip.mp4", content)})
    assert (answer.status_code, answer.json()) == (422, {"detail": "The file is not a video that can be read"})
    assert kept(data) == []
    assert client.get(CLIPS).json()["total"] == 0


@pytest.mark.parametrize(
    "form", [{"camera": "/"}, {"camera": "x" * 51}, {"camera": "a\x00b"}, {"recorded_at": "2026-01-23T10:00:00"}]
)
def test_a_form_that_makes_no_sense_is_refused(client: TestClient, moving: Path, form: dict[str, str]) -> None:
    answer = client.post(CLIPS, files={"file": ("clip.mp4", moving.read_bytes())}, data=form)
    assert answer.status_code == 422


def test_an_upload_that_is_too_large_is_refused(client: TestClient, moving: Path, data: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        yield moving.read_bytes()
        yield b"\r\n--b--\r\n"

    with TestClient(LimitBody(app, largest=1000)) as small:
        announced = small.post(CLIPS, files={"file": ("clip.mp4", moving.read_bytes())})
        streamed = small.post(CLIPS, content=parts(), headers={"content-type": "multipart/form-data; boundary=b"})
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()) == (413, {"detail": "The request is larger than 1000 bytes"})
    assert "content-length" not in streamed.request.headers
    assert kept(data) == []


def test_a_length_that_is_too_large_is_refused_before_anybody_reads(client: TestClient) -> None:
    with TestClient(LimitBody(app, largest=1000)) as small:
        assert small.post("/health", content=b"x" * 1001).status_code == 413
        assert small.post("/health", content=b"x" * 1000).status_code == 405


def test_a_name_is_only_a_name(client: TestClient, moving: Path, data: Path) -> None:
    answer = client.post(CLIPS, files={"file": ("../../etc/\tpasswd", moving.read_bytes())})
    clip = answer.json()
    assert "\t" not in clip["name"]
    assert sorted(path.relative_to(data).as_posix() for path in kept(data)) == [
        f"clips/{clip['id']}",
        f"thumbnails/{clip['id']}.jpg",
    ]


def test_clips_are_listed_in_parts_the_newest_first(client: TestClient, still: Path) -> None:
    for hour, camera in ((10, "door"), (12, "yard"), (11, "door")):
        add(client, still, camera=camera, recorded_at=f"2026-01-23T{hour}:00:00Z")

    def hours(**query: Any) -> list[str]:
        return [clip["recorded_at"][11:13] for clip in client.get(CLIPS, params=query).json()["items"]]

    assert hours() == ["12", "11", "10"]
    assert hours(camera="door") == ["11", "10"]
    assert hours(limit=1, offset=1) == ["11"]
    assert client.get(CLIPS, params={"limit": 1}).json()["total"] == 3
    assert client.get(CLIPS, params={"limit": 0}).status_code == 422


def test_events_are_filtered(client: TestClient, moving: Path) -> None:
    early = add(client, moving, camera="door", recorded_at="2026-01-23T10:00:00Z")["id"]
    late = add(client, moving, camera="yard", recorded_at="2026-01-23T12:00:00+01:00")["id"]

    def clips(**query: Any) -> list[str]:
        answer = client.get(EVENTS, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["total"] >= len(page["items"])
        return [event["clip_id"] for event in page["items"]]

    assert clips() == [early, late]
    assert clips(clip_id=late) == [late]
    assert clips(camera="door") == [early]
    assert clips(since="2026-01-23T10:30:00Z") == [late]
    assert clips(until="2026-01-23T11:30:00+01:00") == [early]
    assert clips(min_area=0.01) == [early, late]
    assert clips(min_area=0.5) == []
    assert clips(limit=1, offset=1) == [late]
    assert client.get(EVENTS, params={"limit": 1}).json()["total"] == 2


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"since": "2026-01-23T10:00:00"}, {"min_area": 2}])
def test_a_query_that_makes_no_sense_is_refused(client: TestClient, query: dict[str, Any]) -> None:
    assert client.get(EVENTS, params=query).status_code == 422


def test_a_deleted_clip_is_gone_with_its_events_and_files(client: TestClient, moving: Path, data: Path) -> None:
    clip, other = add(client, moving)["id"], add(client, moving)["id"]
    assert client.delete(f"{CLIPS}/{clip}").status_code == 204
    assert [event["clip_id"] for event in client.get(EVENTS).json()["items"]] == [other]
    assert len(kept(data)) == 2
    for answer in (client.get(f"{CLIPS}/{clip}"), client.delete(f"{CLIPS}/{clip}")):
        assert (answer.status_code, answer.json()) == (404, {"detail": f"There is no clip {clip}"})
    for part in ("file", "thumbnail"):
        assert client.get(f"{CLIPS}/{clip}/{part}").status_code == 404


def test_a_clip_that_never_was(client: TestClient) -> None:
    assert client.get(f"{CLIPS}/{uuid4()}").status_code == 404
    assert client.get(f"{CLIPS}/1").status_code == 422

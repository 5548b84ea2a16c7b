import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient

from sdlc_lens.main import create_app

V1 = "/api/v1"


def found(client: TestClient, path: str, **query: Any) -> list[str]:
    answer = client.get(f"{V1}/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return [item["key"] for item in answer.json()["items"]]


def test_health_needs_no_database(client: TestClient) -> None:
    lose_the_tables()
    answer = client.get(f"{V1}/system/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_ready_needs_one(client: TestClient) -> None:
    assert client.get(f"{V1}/system/ready").json() == {"status": "ready", "documents": 4}
    lose_the_tables()
    answer = client.get(f"{V1}/system/ready")
    assert (answer.status_code, answer.json()) == (503, {"detail": "The database does not answer"})


def test_it_starts_without_documents(config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SDLC_LENS_DOCUMENTS", str(tmp_path / "nowhere"))
    command.upgrade(config, "head")
    with TestClient(create_app()) as client:
        assert client.get(f"{V1}/system/ready").json() == {"status": "ready", "documents": 0}


def test_documents_are_counted_by_kind_and_status(client: TestClient) -> None:
    assert client.get(f"{V1}/status").json() == [
        {"kind": "epic", "status": "in progress", "count": 1},
        {"kind": "plan", "status": "draft", "count": 1},
        {"kind": "story", "status": "done", "count": 1},
        {"kind": "story", "status": "draft", "count": 1},
    ]


def test_documents_are_listed_and_filtered(client: TestClient) -> None:
    assert found(client, "documents") == ["EP0006", "PL0024", "US0003", "US0024"]
    assert found(client, "documents", kind="story") == ["US0003", "US0024"]
    assert found(client, "documents", status="In Progress") == ["EP0006"]
    assert found(client, "documents", kind="story", status="draft") == ["US0024"]
    page = client.get(f"{V1}/documents", params={"limit": 2, "offset": 1}).json()
    assert (page["total"], [item["key"] for item in page["items"]]) == (4, ["PL0024", "US0003"])


@pytest.mark.parametrize("query", [{"kind": "novel"}, {"limit": 0}, {"limit": 201}, {"offset": -1}])
def test_a_query_that_makes_no_sense_is_refused(client: TestClient, query: dict[str, Any]) -> None:
    assert client.get(f"{V1}/documents", params=query).status_code == 422


def test_one_document_is_read(client: TestClient) -> None:
    document = client.get(f"{V1}/documents/US0003").json()
    assert document.pop("body").endswith("Alive?")
    assert document == {
        "key": "US0003",
        "kind": "story",
        "title": "Health route",
        "status": "done",
        "path": "stories/US0003-health.md",
    }


def test_a_document_that_is_not_there(client: TestClient) -> None:
    for path in ("documents/US9999", "documents/US9999/relations"):
        answer = client.get(f"{V1}/{path}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "There is no document US9999"})
    assert client.get(f"{V1}/documents/us1").status_code == 422


def test_relations_of_a_document_go_out_and_come_in(client: TestClient) -> None:
    assert client.get(f"{V1}/documents/US0024/relations").json() == {
        "outgoing": [
            {"source": "US0024", "kind": "depends-on", "target": "US0003", "missing": False},
            {"source": "US0024", "kind": "depends-on", "target": "US0007", "missing": True},
            {"source": "US0024", "kind": "epic", "target": "EP0006", "missing": False},
        ],
        "incoming": [{"source": "PL0024", "kind": "story", "target": "US0024", "missing": False}],
    }


def test_relations_are_listed_and_filtered(client: TestClient) -> None:
    def pairs(**query: Any) -> list[tuple[str, str]]:
        page = client.get(f"{V1}/relations", params=query).json()
        return [(item["source"], item["target"]) for item in page["items"]]

    assert pairs(kind="epic") == [("US0003", "EP0006"), ("US0024", "EP0006")]
    assert pairs(kind="Depends on", missing=True) == [("US0024", "US0007")]
    assert pairs(missing=False, limit=1, offset=1) == [("US0003", "EP0006")]
    assert client.get(f"{V1}/relations", params={"limit": 1}).json()["total"] == 5


def test_search_finds_all_the_words_in_any_form(client: TestClient) -> None:
    assert found(client, "search", q="migration") == ["US0024"]
    assert found(client, "search", q="migrated first") == ["US0024"]
    assert found(client, "search", q="migrations nowhere") == []
    assert found(client, "search", q="depl", kind="epic") == ["EP0006"]
    assert found(client, "search", q="pl0024") == ["PL0024"]
    [hit] = client.get(f"{V1}/search", params={"q": "migrations"}).json()["items"]
    assert "*migrations*" in hit["excerpt"]


@pytest.mark.parametrize("words", ['"', "NOT", "a AND", "title:", "100%", "(", "*", "-", "key : x OR"])
def test_search_takes_operators_for_words(client: TestClient, words: str) -> None:
    found(client, "search", q=words)


@pytest.mark.parametrize("words", ["", "   ", "x" * 201])
def test_search_for_nothing_is_refused(client: TestClient, words: str) -> None:
    assert client.get(f"{V1}/search", params={"q": words}).status_code == 422


def lose_the_tables() -> None:
    with sqlite3.connect(os.environ["SDLC_LENS_DATABASE_URL"].partition("///")[2]) as database:
        database.execute("DROP TABLE relations")
        database.execute("DROP TABLE documents")
    database.close()

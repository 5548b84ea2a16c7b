from typing import Any

import pytest
from conftest import SignUp
from fastapi.testclient import TestClient

TASKS = "/api/v1/tasks"


def add(client: TestClient, *titles: str, **fields: Any) -> list[int]:
    return [client.post(TASKS, json={"title": title, **fields}).json()["id"] for title in titles]


def titles(client: TestClient, **query: Any) -> list[str]:
    return [task["title"] for task in client.get(TASKS, params=query).json()["items"]]


def test_a_new_task_is_kept(ada: TestClient) -> None:
    answer = ada.post(TASKS, json={"title": "  bread ", "notes": "rye", "due_on": "2026-03-01"})
    task = answer.json()
    assert answer.status_code == 201
    assert {key: task[key] for key in ("title", "notes", "done", "due_on")} == {
        "title": "bread",
        "notes": "rye",
        "done": False,
        "due_on": "2026-03-01",
    }
    assert ada.get(f"{TASKS}/{task['id']}").json() == task


@pytest.mark.parametrize(
    "fields", [{"title": ""}, {"title": "x" * 201}, {"title": "a\0b"}, {}, {"title": "milk", "due_on": "tomorrow"}]
)
def test_a_task_that_makes_no_sense_is_refused(ada: TestClient, fields: dict[str, Any]) -> None:
    assert ada.post(TASKS, json=fields).status_code == 422


def test_the_list_is_filtered_and_the_most_urgent_come_first(ada: TestClient) -> None:
    milk, _ = add(ada, "milk", "50% more milk")
    add(ada, "bread", due_on="2026-03-02")
    add(ada, "taxes", due_on="2026-03-01")
    ada.patch(f"{TASKS}/{milk}", json={"done": True})
    assert titles(ada) == ["taxes", "bread", "milk", "50% more milk"]
    assert titles(ada, done=True) == ["milk"]
    assert titles(ada, due_before="2026-03-02") == ["taxes"]
    assert titles(ada, search="MILK", done=False) == ["50% more milk"]
    assert titles(ada, search="%") == ["50% more milk"]


def test_the_list_comes_page_by_page(ada: TestClient) -> None:
    add(ada, "one", "two", "three")
    assert titles(ada, limit=2) == ["one", "two"]
    assert titles(ada, limit=2, offset=2) == ["three"]
    assert ada.get(TASKS, params={"limit": 1}).json()["total"] == 3
    assert ada.get(TASKS, params={"limit": 501}).status_code == 422
    assert ada.get(TASKS, params={"offset": -1}).status_code == 422
    assert ada.get(TASKS, params={"search": "\0"}).status_code == 422


def test_an_edit_changes_only_what_it_names(ada: TestClient) -> None:
    [task] = add(ada, "milk", due_on="2026-03-01")
    before = ada.get(f"{TASKS}/{task}").json()
    assert ada.patch(f"{TASKS}/{task}", json={"notes": "two litres"}).json() == {**before, "notes": "two litres"}
    assert ada.patch(f"{TASKS}/{task}", json={"due_on": None}).json()["due_on"] is None


@pytest.mark.parametrize("changes", [{"title": ""}, {"title": None}, {"done": None}, {"user_id": 2}])
def test_an_edit_that_makes_no_sense_is_refused(ada: TestClient, changes: dict[str, Any]) -> None:
    [task] = add(ada, "milk")
    assert ada.patch(f"{TASKS}/{task}", json=changes).status_code == 422


def test_a_deleted_task_is_gone(ada: TestClient) -> None:
    milk, _ = add(ada, "milk", "bread")
    assert ada.delete(f"{TASKS}/{milk}").status_code == 204
    assert titles(ada) == ["bread"]
    for answer in (ada.get(f"{TASKS}/{milk}"), ada.patch(f"{TASKS}/{milk}", json={}), ada.delete(f"{TASKS}/{milk}")):
        assert (answer.status_code, answer.json()) == (404, {"detail": f"There is no task {milk}"})


def test_nobody_sees_or_changes_the_tasks_of_another(ada: TestClient, sign_up: SignUp) -> None:
    [task] = add(ada, "secret plan")
    eve = sign_up("eve@example.com")
    assert ada.get(TASKS, headers=eve).json() == {"items": [], "total": 0}
    for method in ("GET", "DELETE"):
        assert ada.request(method, f"{TASKS}/{task}", headers=eve).status_code == 404
    assert ada.patch(f"{TASKS}/{task}", headers=eve, json={"done": True}).status_code == 404
    assert titles(ada, done=False) == ["secret plan"]

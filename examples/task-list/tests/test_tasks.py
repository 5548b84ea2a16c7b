from typing import Any

import pytest
from fastapi.testclient import TestClient

TASKS = "/api/v1/tasks"


def add(client: TestClient, *titles: str) -> list[int]:
    return [client.post(TASKS, json={"title": title}).json()["id"] for title in titles]


def titles(client: TestClient, **query: Any) -> list[str]:
    return [task["title"] for task in client.get(TASKS, params=query).json()]


def test_health(client: TestClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_a_new_task_goes_to_the_end_of_the_list(client: TestClient) -> None:
    add(client, "milk")
    answer = client.post(TASKS, json={"title": "  bread ", "notes": "rye"})
    task = answer.json()
    assert answer.status_code == 201
    assert {key: task[key] for key in ("title", "notes", "done", "position")} == {
        "title": "bread",
        "notes": "rye",
        "done": False,
        "position": 2,
    }
    assert client.get(f"{TASKS}/{task['id']}").json() == task


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, None])
def test_a_title_that_is_none_is_refused(client: TestClient, title: str | None) -> None:
    assert client.post(TASKS, json={"title": title}).status_code == 422


def test_the_list_is_filtered(client: TestClient) -> None:
    milk, *_ = add(client, "milk", "bread", "50% more milk")
    client.patch(f"{TASKS}/{milk}", json={"done": True})
    assert titles(client) == ["milk", "bread", "50% more milk"]
    assert titles(client, done=True) == ["milk"]
    assert titles(client, done=False) == ["bread", "50% more milk"]
    assert titles(client, search="MILK") == ["milk", "50% more milk"]
    assert titles(client, search="%") == ["50% more milk"]
    assert titles(client, limit=1, offset=1) == ["bread"]


def test_the_list_is_reordered(client: TestClient) -> None:
    one, two, three = add(client, "one", "two", "three")
    answer = client.put(f"{TASKS}/order", json={"ids": [three, one, two]})
    assert [task["position"] for task in answer.json()] == [1, 2, 3]
    assert titles(client) == ["three", "one", "two"]


def test_an_order_that_does_not_name_each_task_once_is_refused(client: TestClient) -> None:
    one, two = add(client, "one", "two")
    for ids in ([one], [one, one], [one, two, 99]):
        assert client.put(f"{TASKS}/order", json={"ids": ids}).status_code == 409
    assert titles(client) == ["one", "two"]


def test_an_edit_changes_only_what_it_names(client: TestClient) -> None:
    [task] = add(client, "milk")
    before = client.get(f"{TASKS}/{task}").json()
    answer = client.patch(f"{TASKS}/{task}", json={"notes": "two litres"})
    assert answer.json() == {**before, "notes": "two litres"}


@pytest.mark.parametrize("changes", [{"title": ""}, {"title": None}, {"done": None}, {"position": 3}])
def test_an_edit_that_makes_no_sense_is_refused(client: TestClient, changes: dict[str, Any]) -> None:
    [task] = add(client, "milk")
    assert client.patch(f"{TASKS}/{task}", json=changes).status_code == 422


def test_a_deleted_task_is_gone(client: TestClient) -> None:
    milk, _ = add(client, "milk", "bread")
    assert client.delete(f"{TASKS}/{milk}").status_code == 204
    assert titles(client) == ["bread"]
    for answer in (
        client.get(f"{TASKS}/{milk}"),
        client.patch(f"{TASKS}/{milk}", json={}),
        client.delete(f"{TASKS}/{milk}"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": f"There is no task {milk}"})

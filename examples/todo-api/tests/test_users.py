from typing import Any

import pytest
from conftest import EMAIL, PASSWORD, SignUp, execute
from fastapi.testclient import TestClient

USERS, KEYS, TASKS = "/api/v1/users", "/api/v1/keys", "/api/v1/tasks"
ADA = {"email": EMAIL, "password": PASSWORD}


def test_a_user_signs_up_makes_a_key_and_is_known_by_it(client: TestClient) -> None:
    signed = client.post(USERS, json={"email": EMAIL.title(), "password": PASSWORD})
    assert (signed.status_code, signed.json()["email"]) == (201, EMAIL)
    made = client.post(KEYS, json={"name": " laptop "}, auth=(EMAIL, PASSWORD))
    assert (made.status_code, made.json()["name"]) == (201, "laptop")
    assert client.get(f"{USERS}/me", headers={"X-API-Key": made.json()["key"]}).json() == signed.json()


@pytest.mark.parametrize("changes", [{"email": "ada"}, {"password": "too short"}, {"password": None}])
def test_a_sign_up_that_makes_no_sense_is_refused(client: TestClient, changes: dict[str, Any]) -> None:
    assert client.post(USERS, json=ADA | changes).status_code == 422


def test_an_email_is_taken_once(client: TestClient) -> None:
    client.post(USERS, json=ADA)
    again = client.post(USERS, json=ADA | {"email": EMAIL.upper()})
    assert (again.status_code, again.json()) == (409, {"detail": "There is a user of this email"})


@pytest.mark.parametrize(
    "auth", [(EMAIL, "wrong horse battery"), ("eve@example.com", PASSWORD), ("\0", PASSWORD), None]
)
def test_no_key_without_the_password(client: TestClient, auth: tuple[str, str] | None) -> None:
    client.post(USERS, json=ADA)
    answer = client.post(KEYS, json={"name": "laptop"}, auth=auth)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Basic")


def test_a_key_is_shown_once_and_neither_it_nor_the_password_is_kept(client: TestClient, tables: str) -> None:
    client.post(USERS, json=ADA)
    made = client.post(KEYS, json={"name": "laptop"}, auth=(EMAIL, PASSWORD)).json()
    listed = client.get(KEYS, auth=(EMAIL, PASSWORD)).json()
    key = made.pop("key")
    assert listed == {"items": [made], "total": 1}
    assert key.startswith(made["start"])
    [users, keys] = execute(tables, "SELECT * FROM users", "SELECT * FROM api_keys")
    kept = f"{users} {keys}"
    assert EMAIL in kept
    assert key not in kept
    assert PASSWORD not in kept


def test_a_revoked_key_is_useless_and_only_its_owner_revokes_it(client: TestClient, sign_up: SignUp) -> None:
    headers = sign_up(EMAIL)
    sign_up("eve@example.com")
    [key] = client.get(KEYS, auth=(EMAIL, PASSWORD)).json()["items"]
    assert client.delete(f"{KEYS}/{key['id']}", auth=("eve@example.com", PASSWORD)).status_code == 404
    assert client.get(TASKS, headers=headers).status_code == 200
    assert client.delete(f"{KEYS}/{key['id']}", auth=(EMAIL, PASSWORD)).status_code == 204
    assert client.get(TASKS, headers=headers).status_code == 401
    assert client.delete(f"{KEYS}/{key['id']}", auth=(EMAIL, PASSWORD)).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "todo_guessed"}])
def test_no_tasks_without_a_key(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get(TASKS, headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "APIKey")

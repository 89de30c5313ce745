"""``/api/predict`` and ``/api/health``: off unless they are asked for, closed without the token."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboard import service
from dashboard.app import create_app
from engine.core.config import PASSWORD_VARIABLE, TOKEN_VARIABLE, settings
from engine.core.errors import ConfigError
from engine.models.service import registered
from tests.support.served import served
from tests.support.workspace import Workspace, in_force

TOKEN = "a-token-of-some-length"
OWN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with the model ``mine``."""
    with in_force(tmp_path_factory.mktemp("service")) as space:
        registered.add(served("ONE"), "mine")
        space.configure("cache: cache\nservice: {enabled: true, token_file: token.txt}\n")
        (space.folder / "token.txt").write_text(f"{TOKEN}\n", encoding="utf-8")
        yield space.folder


@pytest.fixture
def client(folder: Path) -> Iterator[FlaskClient]:
    server = create_app(settings()).server
    yield server.test_client()
    service.close(server)


def request(**changes: object) -> dict[str, object]:
    columns = registered.load("mine").columns
    return {"model": "mine", "features": [dict.fromkeys(columns, 0.1)]} | changes


def test_a_prediction_and_the_health_that_counts_it(client: FlaskClient) -> None:
    answer = client.post("/api/predict", json=request(), headers=OWN)
    assert answer.status_code == 200
    assert 0 < answer.get_json()["predictions"][0]["prediction"] < 1
    assert client.post("/api/predict", json=request(model="nobody"), headers=OWN).status_code == 404
    health = client.get("/api/health", headers=OWN).get_json()
    assert (health["status"], health["answered"], health["refused"]) == ("ok", 1, 1)
    assert health["p99_ms"] >= health["median_ms"] > 0


def test_another_method_is_refused_to_programs_in_their_words(client: FlaskClient) -> None:
    """A page of Dash is no answer to one."""
    for ask, path, right in (
        (client.get, "predict", "POST"),
        (client.put, "predict", "POST"),
        (client.post, "health", "GET"),
    ):
        answer = ask(f"/api/{path}", headers=OWN)
        assert answer.status_code == 405
        assert answer.get_json()["error"] == f"/api/{path} is asked for with {right}."
        assert right in answer.headers["Allow"]
    assert client.get("/models").status_code == 200


def test_without_the_token_nothing_is_said(client: FlaskClient) -> None:
    for path, method in (("/api/predict", client.post), ("/api/health", client.get)):
        answer = method(path)
        assert answer.status_code == 401
        assert "send the header" in answer.get_json()["error"]
        assert method(path, headers={"Authorization": "Bearer wrong"}).get_json()["error"] == "This token is wrong."
        assert method(path, headers={"Authorization": "Bearer \xe9"}).status_code == 401


def test_wrong_tokens_are_throttled(client: FlaskClient) -> None:
    wrong = [client.get("/api/health", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(7)]
    assert wrong == [401] * 5 + [429] * 2
    answer = client.get("/api/health", headers=OWN)
    assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (429, True)


def test_a_body_that_is_too_large_is_not_read(client: FlaskClient) -> None:
    answer = client.post("/api/predict", data=b" " * (service.MOST + 1), headers=OWN)
    assert (answer.status_code, answer.get_json()["error"]) == (413, "A request has at most 8,388,608 bytes.")


def test_a_foreign_host_is_refused(client: FlaskClient) -> None:
    assert client.get("/api/health", headers=OWN | {"Host": "evil.example"}).status_code == 400


def test_it_is_off_by_default(workspace: Workspace) -> None:
    client = create_app(settings()).server.test_client()
    assert client.post("/api/predict", data=json.dumps({}), headers=OWN).status_code == 405
    with client.application.app_context():
        assert service.summary() is None


@pytest.mark.parametrize(
    ("more", "variable", "said"),
    [
        ("", "", "at least 16 characters: set STRATOSCOPE_TOKEN"),
        ("", "short", "at least 16 characters"),
        (", token_file: none.txt", "", "none.txt of 'service.token_file' cannot be read"),
    ],
)
def test_no_token_no_server(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, more: str, variable: str, said: str
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, variable)
    workspace.configure(f"cache: cache\nservice: {{enabled: true{more}}}\n")
    with pytest.raises(ConfigError, match=said):
        create_app(settings())


def test_the_token_stands_for_the_password_on_these_paths_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    monkeypatch.setenv(PASSWORD_VARIABLE, "a-password")
    workspace.configure("cache: cache\nserver: {host: 0.0.0.0}\nservice: {enabled: true}\n")
    client = create_app(settings()).server.test_client()
    password = {"Authorization": f"Basic {base64.b64encode(b'x:a-password').decode()}"}
    assert client.get("/api/health", headers=OWN).status_code == 200
    assert client.get("/api/health", headers=password).status_code == 401
    assert client.get("/_dash-layout", headers=password).status_code == 200
    assert client.get("/_dash-layout", headers=OWN).status_code == 401

"""Routes of uploads: slices arrive, limits hold before the bytes come, and foreign pages send nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.uploads import FORBIDDEN, HEADER
from engine.core.config import PASSWORD_VARIABLE, settings
from engine.market.importers import uploads
from tests.support.browserless import callbacks_restored
from tests.support.workspace import Workspace, in_force

OURS = {HEADER: "1"}
ID = "0" * 32


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Dash:
    """One app for all tests that only ask it."""
    with in_force(tmp_path_factory.mktemp("app")), callbacks_restored():
        return create_app(settings())


@pytest.fixture
def client(workspace: Workspace, app: Dash) -> FlaskClient:
    workspace.configure("cache: cache\nserver: {upload_limit_mb: 1}\n")
    return app.server.test_client()


def begun(client: FlaskClient, size: int = 10, name: str = "A.csv") -> str:
    answer = client.post("/uploads", json={"name": name, "size": size}, headers=OURS)
    assert answer.status_code == 200, answer.json
    return str(answer.json["id"])


def test_a_file_arrives_in_slices(client: FlaskClient) -> None:
    id_ = begun(client)
    first = client.put(f"/uploads/{id_}?at=0", data=b"01234", headers=OURS)
    assert first.json == {"id": id_, "name": "A.csv", "size": 10, "received": 5}
    client.put(f"/uploads/{id_}?at=5", data=b"56789", headers=OURS)
    assert client.get(f"/uploads/{id_}", headers=OURS).json["received"] == 10
    assert uploads.complete(id_).path.read_bytes() == b"0123456789"
    assert client.delete(f"/uploads/{id_}", headers=OURS).status_code == 204
    assert client.get(f"/uploads/{id_}", headers=OURS).status_code == 404


def test_a_slice_out_of_order_says_where_to_go_on(client: FlaskClient) -> None:
    answer = client.put(f"/uploads/{begun(client)}?at=5", data=b"01234", headers=OURS)
    assert (answer.status_code, answer.json["error"]) == (409, "A.csv is to go on at byte 0, not 5.")


def test_a_file_over_the_limit_is_refused_by_its_declared_size(client: FlaskClient) -> None:
    answer = client.post("/uploads", json={"name": "big.csv", "size": 2 << 30}, headers=OURS)
    assert answer.status_code == 413
    assert "big.csv has 2.0 GB, more than the 1.0 MB that a file may have" in answer.json["error"]


def test_what_comes_is_counted(client: FlaskClient, workspace: Workspace) -> None:
    id_ = begun(client, 3)
    assert client.put(f"/uploads/{id_}?at=0", data=b"0123", headers=OURS).status_code == 413
    assert uploads.find(id_).received == 0
    large = b"0" * (uploads.SLICE + 1)
    assert client.put(f"/uploads/{id_}?at=0", data=large, headers=OURS).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://localhost"}, OURS | {"Origin": "http://evil.example"}, OURS | {"Origin": "null"}],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/uploads"), ("PUT", f"/uploads/{ID}?at=0"),
                                              ("GET", f"/uploads/{ID}"), ("DELETE", f"/uploads/{ID}")])  # fmt: skip
def test_foreign_pages_are_refused(client: FlaskClient, headers: dict[str, str], method: str, path: str) -> None:
    answer = client.open(path, method=method, json={"name": "A.csv", "size": 1}, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (403, FORBIDDEN)


def test_the_own_page_may_name_itself(client: FlaskClient) -> None:
    headers = OURS | {"Origin": "http://localhost"}
    assert client.post("/uploads", json={"name": "A.csv", "size": 1}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body", [None, [], {}, {"name": "A"}, {"size": 1}, {"name": 1, "size": 1}, {"name": "A", "size": "1"},
             {"name": "A", "size": True}, {"name": "A", "size": 1.5}],
)  # fmt: skip
def test_what_is_no_declaration_is_refused(client: FlaskClient, body: Any) -> None:
    assert client.post("/uploads", json=body, headers=OURS).status_code == 400


@pytest.mark.parametrize("place", ["", "?at=", "?at=-1", "?at=x", "?at=1e3", f"?at={'9' * 20}"])
def test_a_slice_without_a_place_is_refused(client: FlaskClient, place: str) -> None:
    assert client.put(f"/uploads/{begun(client)}{place}", data=b"0", headers=OURS).status_code == 411


@pytest.mark.parametrize("id_", ["x", "..", "..%5c..%5cconfig.yaml", ID])
def test_an_unknown_id_is_a_sentence(client: FlaskClient, id_: str) -> None:
    for answer in (
        client.get(f"/uploads/{id_}", headers=OURS),
        client.put(f"/uploads/{id_}?at=0", data=b"0", headers=OURS),
    ):
        assert answer.status_code in (404, 405)


def test_a_foreign_host_is_refused(client: FlaskClient) -> None:
    answer = client.post("/uploads", json={"name": "A", "size": 1}, headers=OURS | {"Host": "evil.example"})
    assert answer.status_code == 400


def test_uploads_are_behind_the_password(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    workspace.configure("cache: cache\nserver: {host: 0.0.0.0, trusted_hosts: [lab.example]}\n")
    guarded = create_app(settings()).server.test_client()
    headers = OURS | {"Host": "lab.example"}
    body = {"name": "A.csv", "size": 1}
    assert guarded.post("/uploads", json=body, headers=headers).status_code == 401
    headers["Authorization"] = "Basic " + base64.b64encode(b"anyone:correct horse").decode()
    assert guarded.post("/uploads", json=body, headers=headers).status_code == 200

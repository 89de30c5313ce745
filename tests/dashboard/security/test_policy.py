"""Forged requests get an answer that gives nothing away, and every answer carries the headers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from dash import Dash
from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.security import policy
from dashboard.security.throttle import Throttle
from engine.core.config import PASSWORD_VARIABLE, Config, Server
from engine.core.errors import ConfigError
from tests.support.browserless import callbacks_restored
from tests.support.workspace import Workspace, in_force

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Of one app for all tests that only ask it."""
    with in_force(tmp_path_factory.mktemp("open")) as workspace:
        with callbacks_restored():
            app = create_app(Config(cache=workspace.cache))
        yield app.server.test_client()


def reachable(folder: Path) -> Config:
    return Config(cache=folder, server=Server(host="0.0.0.0", trusted_hosts=("lab.example",)))


@pytest.mark.parametrize("path", ["/data", "/_dash-layout", "/assets/10_tokens.css", "/_dash-dependencies", "/nowhere"])
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        headers = response.headers
    rules = headers["Content-Security-Policy"]
    assert "unsafe-eval" not in rules
    assert "script-src 'self' 'sha256-" in rules
    assert "'unsafe-inline'" not in rules.split("script-src")[1].split(";")[0]
    for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'self'"):
        assert part in rules
    for name, value in policy.HEADERS.items():
        assert headers.getlist(name) == [value]


def test_the_page_asks_no_other_machine(client: FlaskClient) -> None:
    page = client.get("/data").get_data(as_text=True)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_every_inline_script_is_in_the_policy(client: FlaskClient) -> None:
    response = client.get("/data")
    scripts = response.get_data(as_text=True).split("<script")[1:]
    inline = [part for part in scripts if "src=" not in part.split(">")[0] and "application/json" not in part]
    allowed = response.headers["Content-Security-Policy"].count("'sha256-")
    assert len(inline) <= allowed


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8050", "127.0.0.1.evil.example"])
def test_a_foreign_host_name_is_refused(client: FlaskClient, host: str) -> None:
    assert client.get("/data", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "localhost"])
def test_the_own_names_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/data", headers={"Host": host}).status_code == 200


def test_an_upload_over_the_limit_is_refused(workspace: Workspace) -> None:
    config = Config(cache=workspace.cache, server=Server(upload_limit_mb=0.01))
    response = create_app(config).server.test_client().post("/_dash-update-component", json={"output": "x" * 20_000})
    assert response.status_code == 413


def test_loopback_needs_no_password() -> None:
    assert policy.required_password(Config()) is None


@pytest.mark.parametrize("password", [None, "", "short"])
def test_another_address_demands_a_password(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    if password is not None:
        monkeypatch.setenv(PASSWORD_VARIABLE, password)
    with pytest.raises(ConfigError, match=PASSWORD_VARIABLE):
        create_app(reachable(workspace.cache))


@pytest.fixture
def guarded(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Dash:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    return create_app(reachable(workspace.cache))


@pytest.fixture(scope="module")
def same_guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dash]:
    """One app for all tests that ask it once from an address of their own."""
    with in_force(tmp_path_factory.mktemp("guarded")) as workspace:
        with callbacks_restored(), pytest.MonkeyPatch.context() as patch:
            patch.setenv(PASSWORD_VARIABLE, PASSWORD)
            app = create_app(reachable(workspace.cache))
        yield app


@pytest.fixture(scope="module")
def addresses() -> Iterator[str]:
    """Addresses that nothing has been asked from: guesses are counted for each."""
    return (f"10.0.0.{place}" for place in count(1))


@pytest.mark.parametrize(
    ("given", "status"),
    [(None, 401), ("wrong", 401), ("", 401), ("пароль", 401), (PASSWORD, 200)],
)
@pytest.mark.parametrize("path", ["/data", "/_dash-layout", "/assets/10_tokens.css"])
def test_everything_is_behind_the_password(
    same_guarded: Dash, addresses: Iterator[str], path: str, given: str | None, status: int
) -> None:
    address = {"REMOTE_ADDR": next(addresses)}
    headers = {"Host": "lab.example"}
    if given is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"anyone:{given}".encode()).decode()
    with same_guarded.server.test_client().get(path, headers=headers, environ_base=address) as response:
        assert response.status_code == status


def test_the_password_is_asked_for(guarded: Dash) -> None:
    response = guarded.server.test_client().get("/data", headers={"Host": "lab.example"})
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_files_outside_the_assets_are_not_served(client: FlaskClient) -> None:
    for path in ("/assets/../config.yaml", "/assets/%2e%2e/pyproject.toml", "/vendor/../../etc/passwd"):
        response = client.get(path)
        assert b"root:" not in response.data
        assert b"[project]" not in response.data


def basic(password: str) -> dict[str, str]:
    token = base64.b64encode(f"anyone:{password}".encode()).decode()
    return {"Host": "lab.example", "Authorization": f"Basic {token}"}


def test_guesses_are_slowed_down_by_address(guarded: Dash, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("dashboard.security.throttle.time", SimpleNamespace(monotonic=lambda: now[0]))
    client = guarded.server.test_client()
    assert [client.get("/data", headers=basic("wrong")).status_code for _ in range(5)] == [401] * 5
    refused = client.get("/data", headers=basic(PASSWORD))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    other = {"REMOTE_ADDR": "10.0.0.9"}
    assert client.get("/data", headers=basic(PASSWORD), environ_base=other).status_code == 200
    now[0] += 1.1
    assert client.get("/data", headers=basic("wrong")).status_code == 401
    assert client.get("/data", headers=basic(PASSWORD)).headers["Retry-After"] == "2"
    now[0] += 2.1
    assert client.get("/data", headers=basic(PASSWORD)).status_code == 200
    assert client.get("/data", headers=basic("wrong")).status_code == 401
    assert client.get("/data", headers=basic(PASSWORD)).status_code == 200


def test_the_table_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.security.throttle.MAXIMUM_ADDRESSES", 3)
    brake = Throttle()
    for number in range(9):
        brake.note(str(number), is_right=False)
    assert list(brake._wrong) == ["6", "7", "8"]


def test_pages_are_compressed_for_other_machines_only(guarded: Dash, client: FlaskClient) -> None:
    wanted = {"Accept-Encoding": "gzip"}
    answer = guarded.server.test_client().get("/_dash-layout", headers=basic(PASSWORD) | wanted)
    plain = client.get("/_dash-layout", headers=wanted)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "Content-Encoding" not in plain.headers
    assert len(answer.data) < len(plain.data) / 2

"""The application: what it imports, how pages are found, what a process may do with it."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from dashboard import page
from dashboard.app import create_app
from engine.core.config import Config
from tests.support.workspace import Workspace

HEAVY = ("torch", "mlx", "vectorbt", "lightgbm", "numba", "talib", "distributed", "pandas", "sklearn", "scipy")


def test_creating_the_app_imports_nothing_heavy(workspace: Workspace) -> None:
    script = (
        "import json, sys\n"
        "from engine.core.config import settings\n"
        "from dashboard.app import create_app\n"
        "create_app(settings())\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_pages_in_the_order_of_work() -> None:
    first, *others = page.pages()
    assert (first.name, first.path) == ("overview", "/")
    assert [item.name for item in others] == ["data", "features", "models", "backtest", "hardware", "library", "help"]
    assert all(item.path == f"/{item.name}" for item in others)


def test_several_apps_in_one_process_have_all_callbacks(workspace: Workspace) -> None:
    first, second = (create_app(Config(cache=workspace.cache)) for _ in range(2))
    assert set(first.callback_map) == set(second.callback_map)
    assert any("run-button" in json.dumps(item["inputs"]) for item in second.callback_map.values())


def test_no_output_has_a_dot_in_its_id(workspace: Workspace) -> None:
    """Dash escapes such dots for its renderer, which then cannot read the id: every page stays empty."""
    assert [name for name in create_app(Config(cache=workspace.cache)).callback_map if "\\." in name] == []


def test_no_callback_of_the_server_has_an_output_of_any_number_of_components(workspace: Workspace) -> None:
    """While one is under way Dash does not know a later one as its successor: an older answer can arrive last."""
    app = create_app(Config(cache=workspace.cache))
    in_browser = {item["output"] for item in app._callback_list if item["clientside_function"]}
    assert [name for name in app.callback_map if '["ALL"]' in name and name not in in_browser] == []


def test_the_address_alone_is_the_first_page(workspace: Workspace) -> None:
    response = create_app(Config(cache=workspace.cache)).server.test_client().get("/")
    assert response.status_code == 200


def test_the_page_is_called_stratoscope_and_dark_before_anything_is_drawn(workspace: Workspace) -> None:
    text = create_app(Config(cache=workspace.cache)).server.test_client().get("/data").get_data(as_text=True)
    head = text.split("</head>")[0]
    assert "<title>Stratoscope</title>" in head
    assert 'data-bs-theme="dark"' in head
    assert head.index("/assets/head/theme.js") < head.index(".css")


def test_what_a_page_asks_the_browser_to_load_early_is_there(workspace: Workspace) -> None:
    """Plotly's five megabytes else wait until the layout has come and the first chart is asked for."""
    client = create_app(Config(cache=workspace.cache)).server.test_client()
    (address,) = re.findall(r'rel="preload" as="script" href="([^"]+)"', client.get("/data").get_data(as_text=True))
    response = client.get(address)
    assert response.status_code == 200
    assert "javascript" in response.headers["Content-Type"]


def test_a_page_is_small(workspace: Workspace) -> None:
    """Of its address alone, before the layout: what the browser takes before anything can be drawn."""
    assert len(create_app(Config(cache=workspace.cache)).server.test_client().get("/backtest").data) < 50_000


@pytest.mark.parametrize("forged", [{}, {"spec": ["a", "b"]}, {"spec": "x", "other": "1"}, {"spec": "%00"}])
def test_every_page_answers_every_query(forged: dict[str, object], workspace: Workspace) -> None:
    with create_app(Config(cache=workspace.cache)).server.test_request_context("/data"):
        made = [item.serve(**forged) for item in page.pages()]  # type: ignore[arg-type]
    assert all(made)

"""The handbook: its chapters, pictures and links exist."""

from __future__ import annotations

import re

import pytest

from dashboard import handbook
from dashboard.app import create_app
from dashboard.pages.help.layout import layout
from engine.core.config import Config
from tests.support.workspace import Workspace


@pytest.mark.parametrize("chapter", handbook.CHAPTERS)
def test_a_chapter_has_its_pictures_and_links_to_chapters_alone(chapter: str) -> None:
    text = handbook.text(chapter)
    assert text.startswith("# ")
    for name in re.findall(r"\]\(/docs/pictures/([\w-]+\.png)\)", text):
        assert (handbook.FOLDER / "pictures" / name).is_file()
    assert set(re.findall(r"\]\(/help\?about=([\w-]+)\)", text)) <= set(handbook.CHAPTERS)
    assert ".md)" not in text


def test_pictures_are_small_together() -> None:
    assert sum(item.stat().st_size for item in (handbook.FOLDER / "pictures").iterdir()) < 2_000_000


@pytest.mark.parametrize("about", ["troubleshooting", "../config", ""])
def test_only_a_chapter_is_shown(about: str) -> None:
    shown = str(layout(None, {"about": about}))
    assert ("The run button does nothing" in shown) == (about == "troubleshooting")


def test_the_server_has_the_pictures_and_nothing_beside_them(workspace: Workspace) -> None:
    client = create_app(Config(cache=workspace.cache)).server.test_client()
    with client.get("/docs/pictures/overview.png") as picture:
        assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert client.get("/docs/pictures/data.md").status_code == 404
    assert "# " not in client.get("/docs/pictures/..%2Fdata.md").get_data(as_text=True)[:20]
    first, second = (client.get("/alive").get_json()["started"] for _ in range(2))
    assert first == second

"""The chapters of ``docs`` that the workbench shows, and the route of their pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from flask import Flask, Response, send_from_directory

FOLDER = Path(__file__).parent.parent / "docs"
CHAPTERS: Mapping[str, str] = MappingProxyType(
    {
        "ten-minutes": "From data to verdict in ten minutes",
        "pages": "The pages",
        "troubleshooting": "Troubleshooting",
        "data": "Data of your own",
        "expressions": "Formulas",
        "models": "Models in service",
        "python": "From Python",
        "plugins": "Plug-ins",
    }
)
"""Titles by the name of the file."""
_LINK = re.compile(r"\]\((?:docs/)?([\w-]+)\.md(#[\w-]+)?\)")


def text(chapter: str) -> str:
    """The Markdown of a chapter, its pictures and its links to other chapters as addresses of the workbench."""
    source = FOLDER / f"{chapter}.md"
    if not source.is_file():
        return "The handbook is not part of this installation: it is the folder `docs` of the source."
    found = source.read_text(encoding="utf-8").replace("](pictures/", "](/docs/pictures/")
    return _LINK.sub(lambda link: f"](/help?about={link[1]})", found)


def register(server: Flask) -> None:
    """Add the route of the pictures to ``server``."""

    def picture(name: str) -> Response:
        return send_from_directory(FOLDER / "pictures", name, max_age=86_400)

    server.add_url_rule("/docs/pictures/<name>", "docs_picture", picture)

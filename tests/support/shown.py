"""The text of a part of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dashboard.components.static_html import StaticHtml


def words(part: Any) -> Iterator[str]:
    """Every text in a component, or in a list of them, in the order in which it is read."""
    if isinstance(part, StaticHtml):
        yield from _content(part.content, part.children)
    elif isinstance(part, str | int):
        yield str(part)
    elif isinstance(part, list | tuple):
        for item in part:
            yield from words(item)
    elif part is not None:
        yield from words(getattr(part, "children", None))


def _content(content: Sequence[Any], places: Sequence[Any]) -> Iterator[str]:
    for part in content:
        if isinstance(part, dict):
            yield from _content(part["parts"], places)
        else:
            yield from words(places[part] if isinstance(part, int) else part)

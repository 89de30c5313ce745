"""HTML that no callback can name, as one component.

After every change of anything, Dash's renderer asks each component of the page whether the change concerns it, and what
is made of ``dash.html`` counts like all others. Most of it never changes: ``static_html`` hands it to the browser
in one piece (``assets/28_static_html.js``), in which the components that have an id, or are more than HTML, keep their
places. So do those whose address could run code: Dash sees to that in its own components.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from typing import Any, overload

from dash import html
from dash.development.base_component import Component

_HTML = html.Div._namespace
_NEVER = frozenset(("Base", "Embed", "Form", "Iframe", "Link", "MapEl", "Meta", "ObjectEl", "Script"))
"""What loads or sends something by itself, or is no tag of that name."""
_ADDRESSES = ("href", "src", "formAction", "poster")
_HARMLESS = re.compile(r"(?:https?://|[/#?]|$)", re.IGNORECASE)
"""Addresses that run no code; the rest is left to Dash, which looks at each."""


class StaticHtml(Component):
    """``content`` is a list of texts, of nodes ``{"tag", "props", "parts"}``, whose parts are such a list again, and of
    numbers: the place in ``children`` of the component at that place.
    """

    _namespace, _type = "stratoscope", "StaticHtml"
    _prop_names = available_properties = ["children", "content"]  # noqa: RUF012 - as Dash declares them
    _valid_wildcard_attributes = available_wildcard_properties = []  # noqa: RUF012
    children: list[Component]
    content: list[Any]


@overload
def static_html(parts: list[Component]) -> list[Component]: ...
@overload
def static_html(parts: Component) -> Component: ...
def static_html(parts: Any) -> Any:
    """The same component, or list of children, with all that never changes in one piece; ``parts`` stays as it is."""
    if isinstance(parts, Component) and not _stands_still(parts):
        return _with_children_still(parts)
    listed = parts if isinstance(parts, Sequence) and not isinstance(parts, str) else [parts]
    if not any(_stands_still(part) for part in listed):
        return [_with_children_still(part) for part in listed] if isinstance(parts, list | tuple) else parts
    moving: list[Component] = []
    content = [node for part in listed for node in _nodes(part, moving)]
    piece = StaticHtml(content=content, children=moving)
    return [piece] if isinstance(parts, list | tuple) else piece


def _stands_still(part: Any) -> bool:
    if not isinstance(part, Component) or part._namespace != _HTML or getattr(part, "id", None) is not None:
        return False
    if part._type in _NEVER:
        return False
    return all(_HARMLESS.match(str(getattr(part, name))) for name in _ADDRESSES if hasattr(part, name))


def _with_children_still(part: Any) -> Any:
    children = getattr(part, "children", None)
    if (
        not isinstance(part, Component)
        or isinstance(part, StaticHtml)
        or not isinstance(children, Component | list | tuple)
    ):
        return part
    same = copy(part)
    same.children = static_html(children)
    return same


def _nodes(part: Any, moving: list[Component]) -> list[Any]:
    """What ``part`` is in the content of a ``StaticHtml`` whose children are ``moving``."""
    if part is None:
        return []
    if isinstance(part, list | tuple):
        return [node for item in part for node in _nodes(item, moving)]
    if not isinstance(part, Component):
        return [str(part)]
    if not _stands_still(part):
        moving.append(_with_children_still(part))
        return [len(moving) - 1]
    props = dict(part.to_plotly_json()["props"])
    return [{"tag": part._type.lower(), "props": props, "parts": _nodes(props.pop("children", None), moving)}]

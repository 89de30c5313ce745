"""HTML that stands still: one component, in which what a callback can name keeps its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import dcc, html
from plotly.utils import PlotlyJSONEncoder

from dashboard.components.static_html import StaticHtml, static_html
from dashboard.page import pages

TREE = html.Section(
    [
        html.Header([html.H3("Title"), html.Span("units", id="sub"), "and ", 7]),
        html.Div(dcc.Input(id={"role": "field", "page": "demo"}), className="in", **{"data-step": "1"}),
        html.Div([html.P("A sentence."), dcc.Store(id="store")], id="filled", hidden=True),
        html.Div(html.Button("Press", id="button")),
        None,
    ],
    **{"aria-label": "Title"},
)


def drawn(part: Any) -> str:
    """The HTML of a tree, by the rules of the browser's side (``assets/28_static_html.js``); other components by id."""
    if isinstance(part, list | tuple):
        return "".join(drawn(item) for item in part)
    if part is None or isinstance(part, str | int):
        return "" if part is None else str(part)
    if part["type"] == "StaticHtml":
        places = part["props"]["children"]
        return "".join(_node(item, places) for item in part["props"]["content"])
    props = dict(part["props"])
    inner = drawn(props.pop("children", None))
    return _tag(part["type"].lower(), props, inner)


def _node(part: Any, places: Any) -> str:
    if isinstance(part, int):
        return drawn(places[part])
    if isinstance(part, str):
        return part
    return _tag(part["tag"], part["props"], "".join(_node(item, places) for item in part["parts"]))


def _tag(tag: str, props: dict[str, Any], inner: str) -> str:
    return f"<{tag} {json.dumps(props, sort_keys=True)}>{inner}</{tag}>"


def plain(part: Any) -> Any:
    return json.loads(json.dumps(part, cls=PlotlyJSONEncoder))


def test_the_page_looks_the_same() -> None:
    assert drawn(plain(static_html(TREE))) == drawn(plain(TREE))
    assert drawn(plain(static_html([html.P("a"), "b"]))) == drawn(plain([html.P("a"), "b"]))


def test_only_what_a_callback_can_name_is_a_component() -> None:
    made = static_html(TREE)
    assert [type(part).__name__ for part in (made, *made._traverse())] == [
        "StaticHtml", "Span", "Input", "Div", "StaticHtml", "Store", "Button",
    ]  # fmt: skip


def test_what_was_given_is_as_it_was() -> None:
    before = plain(TREE)
    static_html(TREE)
    assert plain(TREE) == before


def test_nothing_is_made_of_nothing() -> None:
    assert static_html("text") == "text"
    assert static_html([]) == []
    store = dcc.Store(id="store")
    assert static_html([store]) == [store]
    assert isinstance(static_html(html.P("a")), StaticHtml)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "\tjavascript:alert(1)",
     "java\nscript:alert(1)", "\x01javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
     "https:javascript:alert(1)"],
)  # fmt: skip
def test_an_address_that_could_run_code_is_left_to_dash(address: str) -> None:
    """Which replaces it by about:blank; what stands still goes to the browser as it is."""
    for part in (html.A("a", href=address), html.Area(href=address), html.Button("b", formAction=address)):
        made = static_html(html.Div(["text", part]))
        assert [type(item) for item in made._traverse()] == [type(part)]
        assert address not in json.dumps(made.content)


def test_what_loads_something_by_itself_never_stands_still() -> None:
    for part in (html.Iframe(srcDoc="<script>alert(1)</script>"), html.Iframe(src="/"), html.Embed(src="/"),
                 html.ObjectEl(data="/"), html.Form(action="/"), html.Base(href="/"), html.MapEl()):  # fmt: skip
        made = static_html(html.Div(["text", part]))
        assert [type(item) for item in made._traverse()] == [type(part)]


@pytest.mark.parametrize(
    "address", ["/backtest?spec=1", "#top", "?a=b", "https://example.org", "http://example.org", ""]
)
def test_usual_links_stand_still(address: str) -> None:
    assert not list(static_html(html.Div(html.A("a", href=address)))._traverse())


def test_pages_are_handed_over_in_few_components() -> None:
    """Dash's renderer asks each of them after every change of anything."""
    backtest = next(page for page in pages() if page.name == "backtest")
    plain_page, served = backtest.layout(None), backtest.serve()
    assert list(served) == list(plain_page)
    assert len(list(served._traverse())) < len(list(plain_page._traverse())) / 2

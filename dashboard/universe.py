"""The universe: the symbols, interval, range and prices that were chosen last, carried from page to page.

The browser keeps it (``assets/31_universe.js``): a page that is opened anew starts with it, by a link that holds it as
its ``?spec=``; a page that is on other bars says so in the header, with a button that brings it there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from dash import ALL, ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids, state
from dashboard.components.fields import fields_of
from dashboard.components.static_html import static_html
from dashboard.components.store import store
from dashboard.market_options import unfolded
from dashboard.security.payloads import Universe
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.market import universes
from engine.market.spec import MarketSpec
from engine.market.symbols import UNIVERSE

_NAME, _MENU, _HERE, _USE = "universe-name", "universe-menu", "universe-here", "universe-use"
_LISTED = 12  # symbols that the menu names


def layout(followers: Sequence[str]) -> list[Component]:
    """What the header says of it; ``followers`` are the paths of the pages that have one."""
    summary = html.Summary(html.Span(id=_NAME, className="chip"), id="universe-summary", title="The universe")
    menu = html.Div(id=_MENU, className="menu universe-menu", role="region", **{"aria-label": "Universe"})
    return [
        store(ids.UNIVERSE),
        dcc.Store(id="universe-pages", data=list(followers)),
        html.Details([summary, menu], id="universe", className="drop universe", hidden=True),
        html.Span(id=_HERE, className="chip warn", hidden=True),
        html.Button("Use here", id=_USE, className="link-button strong", type="button", hidden=True),
    ]


clientside_callback(
    ClientsideFunction("stratoscope", "universe"),
    Output(ids.UNIVERSE, "data"),
    Input({"role": "draft", "page": ALL}, "data"),
    Input(ids.LOCATION, "pathname"),
    Input(ids.LOCATION, "search"),
    State({"role": "draft", "page": ALL}, "id"),
    State({"role": "run", "page": ALL}, "data"),
    State({"role": "run", "page": ALL}, "id"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "showUniverse"),
    Output("universe", "hidden"),
    Output(_NAME, "children"),
    Output(_HERE, "hidden"),
    Output(_HERE, "children"),
    Output(_USE, "hidden"),
    Output({"role": "rail", "page": ALL}, "href", allow_duplicate=True),
    Input(ids.UNIVERSE, "data"),
    State("universe-pages", "data"),
    State({"role": "rail", "page": ALL}, "href"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "useUniverse"), Input(_USE, "n_clicks"), State(ids.UNIVERSE, "data")
)


@callback(
    Output(_MENU, "children"),
    Input("universe-summary", "n_clicks"),
    Input(ids.UNIVERSE, "data"),
    prevent_initial_call=True,
)
def show_menu(_: int | None, data: Universe | None) -> list[Component]:
    """The universe field by field, and the saved lists that can take the place of its symbols."""
    market = parsed(data)
    facts = [part for title, text in described(market) for part in (html.Dt(title), html.Dd(text))]
    lists = [_offer(name, market) for name in universes.known()]
    saved: list[Component] = [html.H4("Saved lists"), *lists] if lists else []
    data_page = dcc.Link("Save it as a list", href=f"/data?spec={state.to_query(market)}", className="link-button")
    return static_html([html.Dl(facts, className="facts"), *saved, data_page])


def parsed(data: Universe | None) -> MarketSpec:
    """The universe that the browser holds, the usual one before it holds any. Raises ``SpecError`` for what is none."""
    found = MarketSpec.parse(state.from_query(data["query"])) if data and data.get("query") else MarketSpec()
    assert isinstance(found, MarketSpec)
    return found


def described(market: MarketSpec) -> list[tuple[str, str]]:
    """Titles and values of the fields of ``market``."""
    first, rest = market.symbols[:_LISTED], len(market.symbols) - _LISTED
    prices = next(dict(item.choices)[market.adjustment] for item in fields_of(MarketSpec) if item.path == "adjustment")
    return [
        ("Symbols", ", ".join(first) + (f" and {rest:,} more" if rest > 0 else "")),
        ("Collection", market.collection),
        ("Interval", market.interval),
        ("Range", f"{market.start or 'first bar'} to {market.end or 'last bar'}"),
        ("Prices", prices),
    ]


def _offer(name: str, market: MarketSpec) -> Component:
    """A button that puts the list ``name`` in the place of the symbols of ``market``."""
    symbols = unfolded([f"{UNIVERSE}{name}"])
    try:
        chosen = MarketSpec.parse({**market.model_dump(mode="json"), "symbols": symbols})
    except SpecError as error:  # of a list in config.yaml
        return html.Div(f"{UNIVERSE}{name}: {error}", className="hint")
    plain = json.dumps({"market": json.loads(canonical_json(chosen)), "query": state.short_query(chosen)})
    words = [f"{UNIVERSE}{name} ", html.Span(f"{len(symbols):,} symbols", className="hint")]
    return html.Button(words, type="button", className="menu-item", **{"data-universe": plain})

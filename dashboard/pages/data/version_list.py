"""The versions of a series as the Provenance tab lists them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.components import card
from dashboard.text.format import count
from dashboard.text.restated import detail, largest
from engine.market import known
from engine.market.bars import Series
from engine.market.spec import MarketSpec
from engine.market.versions.history import Version

MOST = 50
_HEADS = (
    ("Stored, UTC", "From when on these were the bars of the series."),
    ("From", "The source that they were fetched from, or an import."),
    ("Bars", ""),
    ("What it changed", "Bars that differ from the version before."),
    ("Largest change", "The largest relative change of a price; of another value where no price changed."),
    ("", ""),
)


def versions(spec: MarketSpec, series: Series) -> Component:
    """A line for each version that restated bars, with a link that opens the series as it was known then."""
    every = known.versions(series)
    if not every:
        text = f"The source '{series.source}' keeps no earlier versions: its bars are those of today."
        return card.card("Versions", html.P(text, className="hint"))
    shown = _restating(every)
    alone = MarketSpec.parse({**spec.model_dump(), "symbols": [series.symbol], "known_on": None})
    lines = [_line(every, item, alone, series) for item in shown[:MOST]]
    head = html.Tr([html.Th(name, title=help or None, scope="col") for name, help in _HEADS])
    table = html.Table([html.Thead(head), html.Tbody(lines)], className="bar-table versions")
    notes = _notes(len(every) - len(shown), len(shown) - MOST)
    return card.card("Versions", [html.Div(table, className="scroll-x"), *notes], sub="the newest first")


def _restating(every: Sequence[Version]) -> list[Version]:
    """The current version, those that restated the one before, and the first."""
    found = [every[0]]
    for newer, older in pairwise(every[1:]):
        if older.change is None or older.change.is_restatement:
            found.append(newer)
    return found + [every[-1]] * (len(every) > 1)


def _notes(additions: int, earlier: int) -> list[Component]:
    texts = [f"Not listed: {count(additions, 'version')} that only added bars."] if additions else []
    texts += [f"Not listed: {count(earlier, 'earlier restatement')}."] if earlier > 0 else []
    return [html.P(" ".join(texts), className="hint")] if texts else []


def _line(every: Sequence[Version], item: Version, alone: MarketSpec, series: Series) -> Component:
    place = every.index(item)
    change = every[place + 1].change if place + 1 < len(every) else None
    cells = [
        _origin(item.series),
        f"{item.rows:,}",
        detail(change) if change else "first version",
        (largest(change).removeprefix("at most ") or "\N{EN DASH}") if change else "",
        _link(item, alone, series),
    ]
    return html.Tr([html.Th(item.since[:19].replace("T", " "), scope="row"), *map(html.Td, cells)])


def _origin(series: Series) -> str:
    return series.provider or ("import" if series.fetched else series.origin)


def _link(item: Version, alone: MarketSpec, series: Series) -> Component | str:
    """The way to the bars of a version."""
    on_screen = item.was_current(series.known) if series.known else not item.until
    if on_screen:
        return "on screen"
    if not item.until:
        return dcc.Link("Open today's", href=f"/data?spec={state.to_query(alone)}", className="link-button strong")
    second = math.ceil(datetime.fromisoformat(item.since).timestamp())
    moment = datetime.fromtimestamp(second, UTC)
    if moment >= datetime.fromisoformat(item.until):
        return "replaced within a second"
    spec = MarketSpec.parse({**alone.model_dump(), "known_on": moment})
    return dcc.Link(
        "Open", title="As known then", href=f"/data?spec={state.to_query(spec)}", className="link-button strong"
    )

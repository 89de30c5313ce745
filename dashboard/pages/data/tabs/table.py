"""The tab that lists the bars of a series."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import Input, Output, State, callback, ctx, dcc, html
from dash.development.base_component import Component

from dashboard.charts.candles import moment
from dashboard.charts.window import Clock
from dashboard.components import card, table
from dashboard.pages.data import ids
from dashboard.pages.data.clocks import CLOCK, clock_of
from dashboard.pages.data.tab import Tab, Viewed, seen, seen_id, shown
from dashboard.pages.data.view import CHANGE, price_decimals
from dashboard.text.format import count
from engine.market import export
from engine.market.bars import Bars

MOST_ROWS = 1_000


def layout() -> Sequence[Component]:
    note = html.Span(id=ids.TABLE_NOTE, className="sub")
    files = [
        html.Button(f"All as {name}", id=id_, type="button", className="link-button")
        for name, id_ in (("CSV", ids.BARS_CSV), ("Parquet", ids.BARS_PARQUET))
    ]
    grid = table.table(ids.TABLE, [], height=560)
    return [card.card("Bars", [grid, dcc.Download(id=ids.BARS_FILE)], tools=[note, *files])]


TAB = Tab("table", "Table", layout)


@callback(
    Output(ids.TABLE, "columnDefs"),
    Output(ids.TABLE, "rowData"),
    Output(ids.TABLE_NOTE, "children"),
    seen(TAB.name),
    CLOCK,
)
def list_bars(viewed: Viewed, chosen: str | None) -> tuple[Any, Any, str]:
    _, bars = shown(viewed)
    clock = clock_of(chosen, bars.series)
    return columns(bars, clock), rows(bars, clock), note(bars)


@callback(
    Output(ids.BARS_FILE, "data"),
    Input(ids.BARS_CSV, "n_clicks"),
    Input(ids.BARS_PARQUET, "n_clicks"),
    State(seen_id(TAB.name), "data"),
    prevent_initial_call=True,
)
def save(csv: int | None, parquet: int | None, viewed: Viewed) -> dict[str, Any]:
    """All bars of the symbol on screen, as they are on screen, as a file."""
    format: export.Format = "csv" if ctx.triggered_id == ids.BARS_CSV else "parquet"
    return file_of(shown(viewed)[1], format)


def file_of(bars: Bars, format: export.Format) -> dict[str, Any]:
    """The content of a ``dcc.Download``."""
    content = b64encode(export.export(bars, format)).decode("ascii")
    kind = "text/csv" if format == "csv" else "application/vnd.apache.parquet"
    return {"content": content, "filename": export.file_name(bars, format), "type": kind, "base64": True}


def columns(bars: Bars, clock: Clock) -> list[dict[str, Any]]:
    """The table's columns: prices with their decimals, times as wide as they need."""
    decimals = price_decimals(float(bars.close[-1]))
    prices = [table.Column(name, name.capitalize(), "number", decimals) for name in ("open", "high", "low", "close")]
    return [
        table.definition(column)
        for column in (
            table.Column("time", f"Time, {clock.name}" if bars.series.is_intraday else "Time", width=150),
            *prices,
            table.Column("change", "Change", "signed_percent", width=100, help=CHANGE),
            table.Column("volume", "Volume", "number", width=150),
        )
    ]


def rows(bars: Bars, clock: Clock) -> list[dict[str, Any]]:
    """The newest bars first, at most ``MOST_ROWS``; what a series lacks is None."""
    change = np.append(np.nan, bars.close[1:] / bars.close[:-1] - 1)
    values = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")} | {"change": change}
    newest = range(len(bars) - 1, max(len(bars) - 1 - MOST_ROWS, -1), -1)
    return [
        {"time": moment(bars, index, clock).removesuffix(f" {clock.name}")}
        | {name: _plain(column[index]) for name, column in values.items()}
        for index in newest
    ]


def note(bars: Bars) -> str:
    """How much of the series the table lists."""
    if len(bars) <= MOST_ROWS:
        return f"{count(len(bars), 'bar')}, newest first"
    return f"newest {MOST_ROWS:,} of {len(bars):,} bars: narrow the dates to see the others"


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

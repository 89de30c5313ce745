"""The tab that says where a series is from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Output, callback, html
from dash.development.base_component import Component

from dashboard.charts.candles import UTC, moment
from dashboard.components import card
from dashboard.pages.data import ids, version_list
from dashboard.pages.data.clocks import CLOCK, clock_of
from dashboard.pages.data.tab import Tab, Viewed, seen, series_of, shown
from dashboard.pages.data.view import ADJUSTED, not_tradeable
from dashboard.text.format import day_range
from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Series
from engine.market.intervals import bar_interval


def layout() -> Sequence[Component]:
    return [html.Div(id=ids.PROVENANCE)]


TAB = Tab("provenance", "Provenance", layout)


@callback(Output(ids.PROVENANCE, "children"), seen(TAB.name), CLOCK)
def describe(viewed: Viewed, chosen: str | None) -> Any:
    try:
        spec, bars = shown(viewed)
        first, last = (moment(bars, at, clock_of(chosen, bars.series)) for at in (0, -1))
        series, drawn = bars.series, f"{len(bars):,}, {first} to {last}"
    except DataError:
        spec, series = series_of(viewed)
        drawn = "none: they are refused"
    return [provenance(series, drawn, spec.adjustment), version_list.versions(spec, series)]


def provenance(series: Series, drawn: str, adjustment: str) -> Component:
    """Everything the manifest says about the series, and which bars of it are ``drawn``."""
    tradeable = "yes" if series.tradeable else f"no: {not_tradeable(series)}"
    has = [name for name, there in (("open, high, low", series.has_ohlc), ("volume", series.has_volume)) if there]
    about = [
        ("Series", f"{series.symbol} in {series.collection}"),
        ("Type", series.kind),
        ("Tradeable", tradeable),
        ("Currency", series.currency),
        ("Time zone", series.timezone),
        ("Bars", f"{series.rows:,} {bar_interval(series.interval).adjective}"),
        ("Range", day_range(*map(str, series.span))),
        ("Columns", ", ".join([*has, "close", "adjusted close"])),
    ]
    where = [
        ("Source", series.origin),
        *_fetched(series),
        *_elsewhere(series),
        ("Licence", series.licence),
        ("Prices as supplied", series.adjustment),
        ("Prices on screen", ADJUSTED[adjustment]),
        *_known(series),
        ("Bars on screen", drawn),
    ]
    return card.columns(card.card("Series", card.facts(about)), card.card("Source", card.facts(where)), kind="half")


def _fetched(series: Series) -> list[tuple[str, str]]:
    """When stored bars were fetched, and by which source."""
    if not series.fetched:
        return []
    provider = f", from {series.provider}" if series.provider else ""
    return [("Fetched", f"{series.fetched[:16].replace('T', ' ')}{UTC}{provider}")]


def _known(series: Series) -> list[tuple[str, str]]:
    """As of when the bars on screen were known, unless that is now."""
    return [("As known on", f"{series.known[:19].replace('T', ' ')}{UTC}")] if series.known else []


def _elsewhere(series: Series) -> list[tuple[str, str]]:
    """Which of several sources with this series is used."""
    others = catalog.also_in(series)
    return [("Also in", f"{', '.join(others)}, not used: '{series.source}' has priority")] if others else []

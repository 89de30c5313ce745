"""Settings of the data page's chart, in its form, its address and the saved layouts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, cast

from pydantic import AfterValidator
from typing_extensions import TypedDict

from dashboard import ids as frame
from dashboard import state
from dashboard.charts.candles import Style
from dashboard.components.form import Form
from dashboard.components.series_view import SCALES, SPANS
from dashboard.indicator_facets import INDICATOR_FACETS
from dashboard.pages.data import ids, run_fills
from engine.core import named
from engine.core.errors import SpecError
from engine.core.spec import RunSpec, Spec, canonical_json, parameter
from engine.indicators import INDICATORS, Indicator
from engine.jobs import library

KIND = "chart layout"
"""Under which layouts are saved."""
MOST = 12
_SECTION = "Display"


def _distinct(indicators: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
    if len(indicators) > MOST:
        raise ValueError(f"A chart has at most {MOST} indicators.")
    labels = [indicator.label() for indicator in indicators]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"{label} appears twice: change its parameters or remove one.")
    return indicators


def _fills(text: str) -> str:
    if text not in run_fills.WAYS and not library.is_key(text):
        raise ValueError("Choose none, the latest backtest or a saved one.")
    return text


class _Display(TypedDict):
    spec: str
    query: str


Display: TypeAlias = _Display | None
"""What the page's store holds of a ``ChartView``: its JSON, and the text for an address, "" for the usual settings."""


class ChartView(Spec):
    """The settings of the price chart, apart from the part in sight."""

    span: Literal["91", "365", "1826", "all"] = parameter("all", title="Range", choices=SPANS, section=_SECTION)
    style: Style = parameter(
        "candle",
        title="Style",
        choices={"candle": "Candle", "bar": "OHLC", "heikin_ashi": "HA", "line": "Line"},
        help="HA is Heikin-Ashi: averaged candles, which are not prices that were traded.",
        section=_SECTION,
    )
    scale: Literal["linear", "log"] = parameter("log", title="Scale", choices=SCALES, section=_SECTION)
    clock: Literal["exchange", "utc", "local"] = parameter(
        "utc",
        title="Times",
        choices={"exchange": "Exchange", "utc": "UTC", "local": "Local"},
        help="The clock of intraday bars in chart, table and findings: that of the exchange, UTC, or yours.",
        section=_SECTION,
    )
    volume: bool = parameter(True, title="Volume", section=_SECTION)
    events: bool = parameter(True, title="Events", help="Splits and dividends.", section=_SECTION)
    fills: Annotated[str, AfterValidator(_fills)] = parameter(
        "none",
        title="Fills",
        help="Where a backtest bought and sold: of the latest one of this symbol, or of one that is saved.",
        section=_SECTION,
    )
    indicators: Annotated[tuple[Annotated[Indicator, INDICATORS], ...], AfterValidator(_distinct)] = parameter(
        (), title="Indicators", section="Indicators"
    )


FORM = Form(
    page=frame.study(ids.PAGE, "display"),
    spec=cast("type[RunSpec]", ChartView),  # a form needs no more of a request than its fields
    searched=INDICATORS,
    facets=INDICATOR_FACETS,
    options={"fills": run_fills.options},
)


def from_query(text: str | None) -> ChartView:
    """The settings in an address; the usual ones where there are none, or not these."""
    try:
        return ChartView.parse(state.from_query(text)) if text else ChartView()
    except SpecError:
        return ChartView()


def displayed(view: ChartView) -> Display:
    """``view`` for the page's store."""
    query = "" if view == ChartView() else state.short_query(view)
    return {"spec": canonical_json(view), "query": query}


def parse(text: str) -> ChartView:
    """The settings in their JSON. Raises ``SpecError``."""
    try:
        return ChartView.parse(json.loads(text))
    except ValueError:
        raise SpecError([("", "These are not settings of a chart: reload the page.")]) from None


def layouts() -> Mapping[str, ChartView]:
    """The saved layouts by name; without those that an earlier version wrote and this one cannot read."""
    found = {}
    for name, text in named.every(KIND).items():
        try:
            found[name] = parse(text)
        except SpecError:
            continue
    return found


def save(name: str, view: ChartView) -> str:
    """Keep ``view`` under ``name``, which is returned as it is kept. Raises ``StoreError``."""
    return named.put(KIND, name, canonical_json(view))

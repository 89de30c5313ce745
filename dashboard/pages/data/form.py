"""The form of the data page, and the controls of its chart."""

from __future__ import annotations

from dashboard import market_options
from dashboard.components import form
from dashboard.components.series_view import SeriesView
from dashboard.pages.data import ids
from engine.market.spec import MarketSpec

FORM = form.Form(
    page=ids.PAGE,
    spec=MarketSpec,
    options={
        "collection": market_options.collections,
        "symbols": market_options.symbols,
        "interval": market_options.intervals,
    },
    shown_as={"symbols": market_options.folded},
)
SEEN = SeriesView(ids.PAGE, ids.CHART)

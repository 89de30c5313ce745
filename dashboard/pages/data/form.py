"""The form of the data page, and the controls of its chart."""

from __future__ import annotations

from dashboard import ids as frame
from dashboard import market_options
from dashboard.components import form
from dashboard.components.series_view import SeriesView
from dashboard.pages.data import chart_view, ids
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
    blanks={"known_on": market_options.known_now},
)
_DISPLAY = chart_view.FORM.page
SEEN = SeriesView(ids.PAGE, ids.CHART, span=frame.field(_DISPLAY, "span"), scale=frame.field(_DISPLAY, "scale"))

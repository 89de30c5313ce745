"""The form of the features page, and what of its result is on screen."""

from __future__ import annotations

from dashboard.components.series_view import SeriesView
from dashboard.features_form import FeaturesForm
from dashboard.indicator_facets import INDICATOR_FACETS
from dashboard.market_options import BLANKS, MARKET, SHOWN_AS
from dashboard.pages.features import ids
from dashboard.text.format import count, duration, estimated
from engine.core.errors import DataError
from engine.core.spec import Action, RunSpec
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS

LONGEST = 300.0
"""Seconds that features may be estimated to take: the page computes them as soon as they are chosen."""


class PageForm(FeaturesForm):
    """A form that has no button, and so refuses what would keep a worker for long."""

    def require_feasible(self, spec: RunSpec | Action) -> None:
        if not isinstance(spec, FeatureSpec):
            return
        if (cost := spec.estimate()).seconds > LONGEST:
            size = f"{count(len(spec.features), 'feature')} of {count(len(spec.market.symbols), 'symbol')}"
            price = f"about {duration(cost.seconds)} and {estimated(cost.megabytes)}"
            advice = "choose fewer features or symbols, or compute them with 'stratoscope run'."
            raise DataError(f"{size} take {price}, which is too long for a page: {advice}")
        spec.require_room()


FORM = PageForm(
    page=ids.PAGE,
    spec=FeatureSpec,
    options=MARKET,
    shown_as=SHOWN_AS,
    blanks=BLANKS,
    searched=INDICATORS,
    facets=INDICATOR_FACETS,
)
SEEN = SeriesView(ids.PAGE, ids.CHART)

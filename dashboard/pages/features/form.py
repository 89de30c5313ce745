"""The form of the features page, and what of its result is on screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components.series_view import SeriesView
from dashboard.features_form import FEATURES, FeaturesForm
from dashboard.indicator_facets import INDICATOR_FACETS
from dashboard.market_options import BLANKS, MARKET, SHOWN_AS
from dashboard.pages.features import ids
from dashboard.text.format import count, duration, megabytes
from engine.core.errors import SpecError
from engine.core.spec import Action, RunSpec
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS

LONGEST = 300.0
"""Seconds that features may be estimated to take: the page computes them as soon as they are chosen."""


class PageForm(FeaturesForm):
    """A form that has no button, and so refuses what would keep a worker for long."""

    def parse(self, values: Mapping[str, Any]) -> RunSpec | Action:
        spec = super().parse(values)
        cost = spec.estimate()
        if isinstance(spec, FeatureSpec) and cost.seconds > LONGEST:
            size = f"{count(len(spec.features), 'feature')} of {count(len(spec.market.symbols), 'symbol')}"
            price = f"about {duration(cost.seconds)} and {megabytes(cost.megabytes)}"
            advice = "choose fewer features or symbols, or compute them with 'stratoscope run'."
            raise SpecError([(FEATURES, f"{size} take {price}, which is too long for a page: {advice}")])
        return spec


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

"""The form of the features page, and what of its result is on screen."""

from __future__ import annotations

from dashboard.components.series_view import SeriesView
from dashboard.features_form import FeaturesForm
from dashboard.market_options import BLANKS, MARKET, SHOWN_AS
from dashboard.pages.features import ids
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS

FORM = FeaturesForm(
    page=ids.PAGE, spec=FeatureSpec, options=MARKET, shown_as=SHOWN_AS, blanks=BLANKS, searched=INDICATORS
)
SEEN = SeriesView(ids.PAGE, ids.CHART)

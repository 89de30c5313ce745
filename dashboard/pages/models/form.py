"""The form of the models page."""

from __future__ import annotations

from dashboard.features_form import FeaturesForm
from dashboard.indicator_facets import INDICATOR_FACETS
from dashboard.market_options import BLANKS, MARKET, SHOWN_AS
from engine.indicators import INDICATORS
from engine.models.spec import ModelSpec

FORM = FeaturesForm(
    page="models",
    spec=ModelSpec,
    action="Train model",
    options=MARKET,
    shown_as=SHOWN_AS,
    blanks=BLANKS,
    searched=INDICATORS,
    facets=INDICATOR_FACETS,
    folded=("Optimisation", "Loss and regularisation"),
    initial={"market": {"symbols": ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]}},
)

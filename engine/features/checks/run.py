"""The check of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.core.progress import Progress
from engine.core.stored_values import values_read
from engine.features.checks.result import FeatureCheck, FeatureVerdict
from engine.features.checks.spec import FeatureCheckSpec
from engine.features.checks.stability import unsettled
from engine.features.checks.streams import certified
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.features.leakage import CUTS
from engine.features.matrix import detect_look_ahead
from engine.indicators import Indicator, call_indicator
from engine.indicators.talib_family import TalibFunction
from engine.jobs.executors import computes
from engine.market.bars import Market

ROWS = 5
"""Changed values of each output that a verdict shows."""


@computes(FeatureCheckSpec)
def compute(spec: FeatureCheckSpec, inputs: Mapping[str, Any], progress: Progress) -> FeatureCheck:
    """Executor of ``FeatureCheckSpec``: a verdict a feature. Raises ``PluginError`` for an indicator that fails on the
    bars themselves, ``DataError`` where a series lacks what one needs.
    """
    market: Market = inputs["market"]
    context = {name: inputs[name] for name in context_requests(spec.features, spec.market)}
    series, verdicts = FeatureInputs(market, context), []
    for done, feature in enumerate(spec.features):
        progress(done / len(spec.features), f"Checking {feature.label()}")
        verdicts.append(verdict(feature, series))
    symbols = tuple(bars.series.symbol for bars in market.bars)
    return FeatureCheck(spec.label(), symbols, sum(len(bars) for bars in market.bars), tuple(verdicts))


def verdict(feature: Indicator, series: FeatureInputs) -> FeatureVerdict:
    """The verdict on ``feature`` on every symbol of ``series``."""
    bars, warm_ups = series.market.bars, call_indicator.warm_ups(feature)
    found = FeatureVerdict(
        feature=feature.label(),
        verdict="as stated" if values_read(feature) else "clean",
        warm_up=max(warm_ups),
        histories=CUTS + CUTS // 2,
        certified=isinstance(feature, TalibFunction) and all(certified(feature, item) for item in bars),
    )
    if leaks := detect_look_ahead(feature, bars, series, rows=ROWS):
        return replace(found, verdict="leaks", leaks=leaks)
    compute = series.point_in_time(feature)
    for item in bars:
        if signs := unsettled(compute, item, warm_ups, feature.family):
            return replace(found, verdict="unstable warm-up", unsettled=signs)
    return found

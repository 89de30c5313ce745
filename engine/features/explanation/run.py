"""Executor of explanations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.features.context import context_requests
from engine.features.evaluation import FeatureInputs
from engine.features.explanation.explain import Explanation, explain
from engine.features.explanation.processed import processing
from engine.features.explanation.spec import ExplanationSpec
from engine.jobs.executors import computes


@computes(ExplanationSpec)
def compute(spec: ExplanationSpec, inputs: Mapping[str, Any], progress: Progress) -> Explanation:
    """Raises ``DataError`` for a symbol or a bar that the market does not have, and where processors have nothing to be
    fitted on.
    """
    market = inputs["market"]
    bars = next((item for item in market.bars if item.series.symbol == spec.symbol), None)
    if bars is None:
        raise DataError(f"{spec.symbol[:40]} is none of the symbols chosen.")
    moment = np.datetime64(spec.time.replace(tzinfo=None), "ms")
    at = int(np.searchsorted(bars.time, moment))
    if at == len(bars) or bars.time[at] != moment:
        raise DataError(f"{spec.symbol} has no bar at {spec.time:%Y-%m-%d %H:%M}: choose another one.")
    context = {name: inputs[name] for name in context_requests([spec.feature], spec.market)}
    series = FeatureInputs(market, context)
    found = explain(spec.feature, spec.output, bars, series, at)
    chain = spec.chain
    made = processing(chain.processors, spec.feature, spec.output, series, chain.fitted_share, found.value)
    return replace(found, processing=made)

"""Tables, notes and chips of the features page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from dashboard.charts.candles import moment
from dashboard.charts.features import MINIMUM_ROWS, CorrelationInfo, FeaturesInfo
from dashboard.charts.features import correlation_figure as figure
from dashboard.components import states
from dashboard.shell import Chip
from dashboard.text.format import count
from engine import devices
from engine.core.stored_values import values_read
from engine.features.evaluation import FeatureInputs
from engine.features.leakage import CUTS, LookAhead
from engine.features.matrix import FeatureMatrix, detect_look_ahead
from engine.features.spec import FeatureSpec
from engine.indicators import Indicator
from engine.market.bars import Bars, Market

Signs = Mapping[str, Sequence[LookAhead]]


def look_ahead_findings(features: Sequence[Indicator], bars: Bars, inputs: FeatureInputs | None = None) -> Signs:
    """Look-ahead found by recomputing each feature on shorter histories, by label; empty where the feature is causal.

    ``inputs`` are the other series that the features may need; without them there are only ``bars``.
    """
    among = inputs or FeatureInputs(Market((bars,)), {})
    return {feature.label(): _signs(feature, bars, among) for feature in features}


@lru_cache(maxsize=512)
def _signs(feature: Indicator, bars: Bars, inputs: FeatureInputs) -> tuple[LookAhead, ...]:
    """The check of one feature, cached: it computes the feature seventeen times."""
    return detect_look_ahead(feature, [bars], inputs)


def rows(bars: Bars, matrix: FeatureMatrix, features: Sequence[Indicator], signs: Signs) -> list[dict[str, Any]]:
    """A row a column of the matrix, for the symbol of ``bars``."""
    owners = [feature for feature in features for _ in feature.outputs]
    values = matrix.values[matrix.rows(bars.series.symbol)]
    return [
        {"name": matrix.names[index], "causal": _causal(owner, signs)}
        | _figures(values[:, index], bars, matrix.warm_up[index])
        for index, owner in enumerate(owners)
    ]


def _causal(feature: Indicator, signs: Signs) -> str:
    """The result of the check: stored values are as old as their table says, which no recomputation can check."""
    return "found" if signs[feature.label()] else "as stated" if values_read(feature) else "none"


def note(signs: Signs) -> str:
    """Result of the look-ahead check, in a sentence for each finding."""
    found = [sign.sentence() for each in signs.values() for sign in each]
    return " ".join(found) if found else f"no look-ahead on {CUTS} shorter histories"


def chips(features: Sequence[Indicator], signs: Signs) -> list[Chip]:
    """Warm-up and look-ahead, for the header."""
    longest = max(feature.warm_up() for feature in features)
    warm_up = Chip("warm-up", count(longest, "bar"), title="Longest warm-up: bars at the start without a value.")
    if any(signs.values()):
        return [warm_up, Chip("look-ahead", tone="bad", title=note(signs))]
    return [warm_up, Chip("no look-ahead", tone="ok", title=note(signs))]


def device_chips(spec: FeatureSpec, matrix: FeatureMatrix) -> list[Chip]:
    """Where the features were computed and why, for the header; nothing for a set that asks for the CPU."""
    if spec.device == "cpu":
        return []
    choice = spec.choice()
    name = devices.NAMES.get(choice.device, "CPU")
    return [Chip("computed on", name, title=matrix.computed or choice.reason)]


def chart_note(info: FeaturesInfo) -> str:
    """Caption of the chart: symbol, currency, kind of chart, dates and number of bars."""
    price = info.price
    shown = f"{price.bars:,} of {price.total:,} bars" if price.bars < price.total else count(price.bars, "bar")
    kind = "closes" if price.is_line() else "candles"
    shaded = " · warm-up shaded" if any(pane.warm_up for pane in (info.over, *info.panes)) else ""
    return f"{price.symbol}, {price.currency}, {kind} · {price.first} to {price.last}, {shown}{shaded}"


def correlation_figure(info: CorrelationInfo) -> Any:
    """The square of correlations, or why there is none."""
    if len(info.names) == 1:
        return states.no_figure("Add a second indicator to see how correlated the two are.")
    if info.rows < MINIMUM_ROWS:
        return states.no_figure(f"Only {count(info.rows, 'bar')} after the warm-up: choose a longer range.")
    return figure(info)


def _figures(values: np.ndarray, bars: Bars, warm_up: int) -> dict[str, Any]:
    known = np.isfinite(values)
    settled = np.flatnonzero(known)
    low, median, high = np.percentile(values[known], [0, 50, 100]) if len(settled) else [None] * 3
    return {
        "last": float(values[-1]) if known[-1] else None,
        "low": low,
        "median": median,
        "high": high,
        "warm_up": warm_up,
        "known": moment(bars, int(settled[0])) if len(settled) else "never",
        "missing": int((~known[warm_up:]).sum()),
    }

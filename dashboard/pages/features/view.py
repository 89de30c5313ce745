"""Features as their page prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from dashboard.charts.candles import moment
from dashboard.charts.features import FEWEST, CorrelationInfo, FeaturesInfo
from dashboard.charts.features import correlation_figure as figure
from dashboard.components import states
from dashboard.shell import Chip
from dashboard.text.format import count
from engine.features.evaluation import Surroundings
from engine.features.leakage import CUTS, LookAhead
from engine.features.matrix import FeatureMatrix
from engine.features.matrix import signs_of_look_ahead as signs_of
from engine.indicators import Indicator
from engine.market.bars import Bars, Market

Signs = Mapping[str, Sequence[LookAhead]]


def signs_of_look_ahead(features: Sequence[Indicator], bars: Bars, around: Surroundings | None = None) -> Signs:
    """What each feature betrays when it is recomputed on shorter histories, by label; nothing where it is causal.

    ``around`` are the series that they may need beside ``bars``.
    """
    among = around or Surroundings(Market((bars,)), {})
    return {feature.label(): _signs(feature, bars, among) for feature in features}


@lru_cache(maxsize=512)
def _signs(feature: Indicator, bars: Bars, around: Surroundings) -> tuple[LookAhead, ...]:
    """Of one feature, checked once for the same series: it is computed seventeen times."""
    return signs_of(feature, [bars], around)


def rows(bars: Bars, matrix: FeatureMatrix, features: Sequence[Indicator], signs: Signs) -> list[dict[str, Any]]:
    """A row a column of the matrix, for the symbol of ``bars``."""
    owners = [feature for feature in features for _ in feature.outputs]
    values = matrix.values[matrix.rows(bars.series.symbol)]
    return [
        {"name": matrix.names[index], "causal": "found" if signs[owner.label()] else "none"}
        | _figures(values[:, index], bars, matrix.warm_up[index])
        for index, owner in enumerate(owners)
    ]


def note(signs: Signs) -> str:
    """What the look-ahead check did and found."""
    found = [sign.sentence() for each in signs.values() for sign in each]
    return " ".join(found) if found else f"no look-ahead on {CUTS} shorter histories"


def chips(features: Sequence[Indicator], signs: Signs) -> list[Chip]:
    """Warm-up and look-ahead, for the header."""
    longest = max(feature.warm_up() for feature in features)
    warm_up = Chip("warm-up", count(longest, "bar"), title="Longest warm-up: bars at the start without a value.")
    if any(signs.values()):
        return [warm_up, Chip("look-ahead", tone="bad", title=note(signs))]
    return [warm_up, Chip("no look-ahead", tone="ok", title=note(signs))]


def chart_note(info: FeaturesInfo) -> str:
    """What the chart's title leaves open."""
    price = info.price
    shown = f"{price.bars:,} of {price.total:,} bars" if price.bars < price.total else count(price.bars, "bar")
    kind = "closes" if price.is_line() else "candles"
    shaded = " · warm-up shaded" if any(pane.warm_up for pane in (info.over, *info.panes)) else ""
    return f"{price.symbol}, {price.currency}, {kind} · {price.first} to {price.last}, {shown}{shaded}"


def correlation_figure(info: CorrelationInfo) -> Any:
    """The square of correlations, or why there is none."""
    if len(info.names) == 1:
        return states.no_figure("Add a second indicator to see how correlated the two are.")
    if info.rows < FEWEST:
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

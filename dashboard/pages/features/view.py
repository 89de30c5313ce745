"""Tables, notes and chips of the features page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from dashboard.charts.candles import moment
from dashboard.charts.features import MINIMUM_ROWS, CorrelationInfo, FeaturesInfo
from dashboard.charts.features import correlation_figure as figure
from dashboard.components import states
from dashboard.shell import Chip
from dashboard.text.format import count
from engine import devices
from engine.features.checks.result import FeatureCheck
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.indicators import Indicator
from engine.market.bars import Bars

LISTED = 500
"""Columns of the matrix that the table sums up at most."""
Row: TypeAlias = dict[str, Any]


def rows(bars: Bars, matrix: FeatureMatrix, features: Sequence[Indicator], found: FeatureCheck | None) -> list[Row]:
    """A row a column of the matrix, for the symbol of ``bars``; the first ``LISTED``. ``found`` is the leak test."""
    words = {item.feature: item.words for item in found.verdicts} if found else {}
    owners = [feature for feature in features for _ in feature.outputs][:LISTED]
    values = matrix.values[matrix.rows(bars.series.symbol)]
    return [
        {"name": matrix.names[index], "verdict": words.get(owner.label(), "")}
        | _summary_statistics(values[:, index], bars, matrix.warm_up[index])
        for index, owner in enumerate(owners)
    ]


def idle(found: Sequence[Row]) -> dict[str, str]:
    """What is wrong with the columns of the table ``found`` that say nothing, by their names: without a value, or with
    the same one throughout.
    """
    words = {row["name"]: "no value" for row in found if row["median"] is None}
    return words | {
        row["name"]: "always the same" for row in found if row["low"] is not None and row["low"] == row["high"]
    }


def idle_note(idle: dict[str, str], bars: Bars) -> str:
    """A sentence on the columns that say nothing; nothing where there are none."""
    if not idle:
        return ""
    named = ", ".join(f"{name} ({words})" for name, words in list(idle.items())[:3])
    more = f" and {len(idle) - 3:,} more" if len(idle) > 3 else ""
    return f"Of no use on these bars of {bars.series.symbol}: {named}{more}."


def idle_chips(idle: dict[str, str], note: str) -> list[Chip]:
    """For the header, where a column says nothing."""
    return [Chip(f"{count(len(idle), 'column')} of no use", tone="warn", title=note)] if idle else []


def warm_up_chip(features: Sequence[Indicator]) -> Chip:
    """The longest warm-up, for the header."""
    longest = max(feature.warm_up() for feature in features)
    return Chip("warm-up", count(longest, "bar"), title="Longest warm-up: bars at the start without a value.")


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
    part = f" · the first {info.drawn} of {info.features:,} features" if info.drawn < info.features else ""
    shaded = " · warm-up shaded" if any(pane.warm_up for pane in (info.over, *info.panes)) else ""
    return f"{price.symbol}, {price.currency}, {kind} · {price.first} to {price.last}, {shown}{shaded}{part}"


def correlation_figure(info: CorrelationInfo) -> Any:
    """The square of correlations, or why there is none."""
    if len(info.names) < 2 and info.without_value:
        return states.no_figure("Fewer than two of the features have a value on these bars: see the tab Chart.")
    if len(info.names) == 1:
        return states.no_figure("Add a second indicator to see how correlated the two are.")
    if info.rows < MINIMUM_ROWS:
        return states.no_figure(f"Only {count(info.rows, 'bar')} after the warm-up: choose a longer range.")
    return figure(info)


def _summary_statistics(values: np.ndarray, bars: Bars, warm_up: int) -> dict[str, Any]:
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

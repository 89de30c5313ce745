"""The published sets against pandas, feature by feature, and a few of them by hand."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from engine.features.published_sets import WINDOWS, alpha158, formulaic_alphas
from engine.indicators.expression import Expression
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.parser import parse
from engine.market.bars import Bars
from tests.support.market import random_walk
from tests.support.pandas_expressions import by_pandas

BARS, SYMBOLS = 340, 6


@lru_cache
def market() -> tuple[Bars, ...]:
    from dataclasses import replace

    found = []
    for seed in range(SYMBOLS):
        walk, random = random_walk(BARS, seed, symbol=f"S{seed}"), np.random.default_rng(seed)
        found.append(replace(walk, volume=random.integers(500, 5_000, BARS).astype(np.float64)))
    return tuple(found)


@lru_cache
def evaluation() -> Evaluation:
    return Evaluation(market())


def tables(*names: str) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame({bars.series.symbol: getattr(bars, name) for bars in market()}) for name in names}


CHECKED = [item for item in alpha158() if item.name.endswith(("0", "5", "2", "D", "P", "W", "N", "T"))]


TURNING_ON_ROUNDING = {
    **dict.fromkeys(("Alpha 13", "Alpha 16", "Alpha 68"), 0.95),
    **dict.fromkeys(("Alpha 88", "Alpha 92"), 0.99),
    **dict.fromkeys(("Alpha 15", "Alpha 45"), 0.6),
}
"""Ranks of what is equal but for rounding, covariances of ranks or correlations of two or three pairs, with the share
of values that still agrees: pandas takes its correlations from running sums.
"""


@pytest.mark.parametrize("feature", [*formulaic_alphas(), *CHECKED], ids=lambda item: item.name)
def test_each_has_the_values_of_pandas(feature: Expression) -> None:
    node = parse(feature.text)
    found = evaluation().values(node).T
    expected = by_pandas(node, tables("open", "high", "low", "close", "volume")).to_numpy()
    first = feature.warm_up()
    settled = np.isfinite(expected[first:])
    assert settled.mean() > 0.05
    assert (np.isfinite(found[first:]) == settled).mean() > 0.999
    both = settled & np.isfinite(found[first:])
    apart = np.abs(found[first:] - expected[first:])[both]
    close = apart <= 1e-6 * max(1e-9, np.ptp(expected[first:][both]))
    assert close.mean() > TURNING_ON_ROUNDING.get(feature.name, 0.999)


def test_the_sets_are_whole() -> None:
    names = [item.name for item in alpha158()]
    assert len(names) == len(set(names)) == 12 + 29 * len(WINDOWS) == 157
    assert len(formulaic_alphas()) == 50


def test_some_of_alpha158_by_hand() -> None:
    bars, at = market()[0], 100
    texts = {item.name: item.text for item in alpha158()}

    def value(name: str) -> float:
        return float(evaluation().row(parse(texts[name]), 0)[at])

    close, window = bars.close, slice(at - 4, at + 1)
    assert value("ROC5") == close[at - 5] / close[at]
    assert value("KUP") == pytest.approx((bars.high[at] - max(bars.open[at], close[at])) / bars.open[at])
    assert value("RSV5") == pytest.approx(
        (close[at] - bars.low[window].min()) / (bars.high[window].max() - bars.low[window].min())
    )
    assert value("RANK5") == pytest.approx((close[window] <= close[at]).sum() / 5)
    assert value("IMAX5") == pytest.approx((np.argmax(bars.high[window]) + 1) / 5)
    moves = np.diff(close[at - 5 : at + 1])
    assert value("CNTP5") == pytest.approx((moves > 0).mean())
    assert value("SUMD5") == pytest.approx(moves.sum() / np.abs(moves).sum())

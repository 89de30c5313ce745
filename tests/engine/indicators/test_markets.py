"""Indicators of a symbol among others, and of clusters: against pandas, SciPy, scikit-learn and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from engine.core.errors import DataError
from engine.indicators.breadth import Breadth, ExcessReturn
from engine.indicators.pairs import RelativeStrength, Spread
from engine.indicators.principal_component import MOST_SYMBOLS, CommonVariance, PrincipalComponent
from engine.indicators.regimes import Regime
from engine.market.bars import Bars
from engine.market.panel import Panel, align
from tests.support.market import make_bars, random_walk

NAN = np.nan
OWN, OTHER = random_walk(200, 1, symbol="OWN"), random_walk(200, 2, symbol="SPY")


def panel_of(*closes: list[float]) -> Panel:
    return align([make_bars(values, symbol=f"S{place}") for place, values in enumerate(closes)])


def correlated(count: int = 250, symbols: int = 5) -> tuple[Bars, ...]:
    """Walks that have half of their moves in common."""
    random = np.random.default_rng(5)
    common = random.normal(0, 0.01, count)
    moves = [common + random.normal(0, 0.01, count) for _ in range(symbols)]
    return tuple(make_bars(100 * np.exp(np.cumsum(move)), symbol=f"S{place}") for place, move in enumerate(moves))


def test_relative_strength_is_the_difference_of_returns() -> None:
    found = RelativeStrength(window=10).compute_with(OWN, {"other": OTHER})["difference"]
    own, other = (100 * pd.Series(bars.close).pct_change(10) for bars in (OWN, OTHER))
    np.testing.assert_allclose(found, own - other, rtol=1e-7, atol=1e-9)


def test_the_spread_is_that_of_the_ratio_and_of_the_regression() -> None:
    found = Spread(window=30).compute_with(OWN, {"other": OTHER})
    first, second = np.log(OWN.close), np.log(OTHER.close)
    ratio = pd.Series(first - second)
    np.testing.assert_allclose(
        found["ratio"], (ratio - ratio.rolling(30).mean()) / ratio.rolling(30).std(), rtol=1e-7, atol=1e-9
    )
    for at in range(29, 200, 17):
        x, y = second[at - 29 : at + 1], first[at - 29 : at + 1]
        line = stats.linregress(x, y)
        residuals = y - line.intercept - line.slope * x
        assert found["residual"][at] == pytest.approx(residuals[-1] / residuals.std(), rel=1e-6)


def test_a_symbol_against_itself_has_no_spread_and_bars_without_both_are_passed_over() -> None:
    same = Spread(window=30).compute_with(OWN, {"other": OWN})
    assert np.isnan(same["ratio"]).all()
    assert np.isnan(same["residual"]).all()
    closes = OTHER.close.copy()
    closes[[60, 90]] = NAN, 0.0
    gapped = replace(OTHER, close=closes)
    kept = np.flatnonzero(closes > 0)
    found = RelativeStrength(window=10).compute_with(OWN, {"other": gapped})["difference"]
    own, other = (pd.Series(values[kept]).pct_change(10) for values in (OWN.close, closes))
    np.testing.assert_allclose(found[kept], 100 * (own - other), rtol=1e-7, atol=1e-9)
    assert np.isnan(found[[60, 90]]).all()


def test_breadth_by_hand() -> None:
    panel = panel_of([1, 2, 3, 4], [4, 3, 2, 1], [1, 2, 1, 2], [NAN, NAN, 5, 6])
    above = Breadth(window=2).compute_panel(panel)["above"]
    np.testing.assert_allclose(above[:, 0], [NAN, 200 / 3, 100 / 3, 75])
    np.testing.assert_allclose(above[:, 3], [NAN, NAN, NAN, 75])
    assert np.isnan(Breadth(window=2).compute_panel(panel_of([1, 2, 3], [NAN, NAN, 3]))["above"]).all()


def test_the_excess_return_by_hand() -> None:
    panel = panel_of([1, 1.1], [1, 1.2], [1, 1.6], [NAN, 1])
    excess = ExcessReturn(window=1).compute_panel(panel)["excess"]
    np.testing.assert_allclose(excess[1], [-20, -10, 30, NAN])
    cut = ExcessReturn(window=1, winsorise=0.25).compute_panel(panel)["excess"][1]
    np.testing.assert_allclose(cut[:3], np.array([15, 20, 40]) - 25)
    assert np.isnan(ExcessReturn(window=1).compute_panel(panel_of([1, 2], [NAN, 3]))["excess"]).all()


def test_the_component_is_that_of_scikit_learn() -> None:
    panel = align(correlated())
    found = PrincipalComponent(window=60).compute_panel(panel) | CommonVariance(window=60).compute_panel(panel)
    returns = np.diff(np.log(panel.close), axis=0)
    for at in range(60, 250, 37):
        window = returns[at - 60 : at]
        scaled = (window - window.mean(axis=0)) / window.std(axis=0)
        fitted = PCA(n_components=1).fit(scaled)
        first = fitted.components_[0] * np.sign(fitted.components_[0].sum())
        assert found["explained"][at, 0] == pytest.approx(100 * fitted.explained_variance_ratio_[0])
        of_component = [np.corrcoef(scaled[:, place], scaled @ first)[0, 1] for place in range(5)]
        np.testing.assert_allclose(found["loading"][at], of_component, rtol=1e-6)
        np.testing.assert_allclose(found["residual"][at], scaled[-1] - first * (scaled[-1] @ first), atol=1e-9)
    assert 55 < np.nanmean(found["explained"]) < 65  # 1/5 of the variance, and 4/5 times the correlation of a half


def test_a_component_needs_every_symbol_to_move_and_not_too_many() -> None:
    walks = correlated()
    closes = walks[0].close.copy()
    closes[100:180] = 50.0
    explained = CommonVariance(window=40).compute_panel(align((replace(walks[0], close=closes), *walks[1:])))
    assert np.isnan(explained["explained"][145:175]).all()
    assert np.isfinite(explained["explained"][50:100]).all()
    many = align([random_walk(5, place, symbol=f"S{place}") for place in range(MOST_SYMBOLS + 1)])
    with pytest.raises(DataError, match="at most 100 symbols, not 101"):
        PrincipalComponent().compute_panel(many)


def test_regimes_are_the_clusters_of_scikit_learn() -> None:
    bars = random_walk(400, 3)
    found = Regime(span=10, window=100).compute(bars)["regime"]
    returns = np.diff(np.log(bars.close))
    points = np.array(
        [(np.log(part.var(ddof=1)), part.mean()) for part in np.lib.stride_tricks.sliding_window_view(returns, 10)]
    )
    for at in range(109, 400, 29):
        window = points[at - 109 : at - 9]
        scaled = (window - window.mean(axis=0)) / window.std(axis=0)
        fitted = KMeans(3, init=np.array([[-1.0, 0], [0, 0], [1, 0]]), n_init=1, tol=0).fit(scaled)
        own = fitted.cluster_centers_[fitted.labels_[-1], 0]
        assert found[at] == (fitted.cluster_centers_[:, 0] < own).sum()
    assert set(found[109:]) == {0, 1, 2}


def test_a_calm_year_and_a_wild_one_are_two_regimes() -> None:
    random = np.random.default_rng(1)
    moves = np.concatenate([random.normal(0, scale, 200) for scale in (0.002, 0.03, 0.002)])
    found = Regime(clusters=2, span=10, window=250).compute(make_bars(100 * np.exp(np.cumsum(moves))))["regime"]
    assert found[270:400].mean() > 0.8
    assert found[430:].mean() < 0.2
    assert np.isnan(Regime(span=5, window=20).compute(make_bars(np.full(60, 3.0)))["regime"]).all()

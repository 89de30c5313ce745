"""Statistics of features as a run, and what the ledger remembers of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import stats

import engine
from engine.core.errors import DataError, SpecError
from engine.core.store import decode, encode
from engine.indicators.averages import Sma, SmaDistance
from engine.indicators.expression import Expression
from engine.indicators.momentum import Rsi
from engine.labels.forward_return import ForwardReturn
from engine.labels.forward_return_value import ForwardReturnValue
from engine.market import catalog
from engine.market.spec import MarketSpec
from engine.research import ledger
from engine.research.features.result import FeatureReport
from engine.research.features.spec import FeatureReportSpec

pytestmark = pytest.mark.usefixtures("workspace")

MARKET = MarketSpec(symbols=("NVDA",), start=date(2018, 1, 1))


def test_it_runs_on_sample_data_and_is_stored() -> None:
    spec = FeatureReportSpec(market=MARKET, horizons=(20, 1, 5, 1), target=ForwardReturn(horizon=10))
    assert spec.horizons == (1, 5, 20)
    found = engine.run(spec)
    assert found.names == ("SMA distance 50", "RSI 14") or len(found.names) == 2
    assert found.information.horizons == (1, 5, 10, 20)
    assert found.information.ic.shape == (2, 4)
    assert found.at_horizon == 2
    bars = catalog.load(MARKET).bars[0]
    rsi = Rsi().compute(bars)["rsi"]
    later = np.append(bars.adj_close[10:] / bars.adj_close[:-10] - 1, np.full(10, np.nan))
    known = np.isfinite(rsi) & np.isfinite(later)
    assert found.information.ic[1, 2] == pytest.approx(stats.spearmanr(rsi[known], later[known])[0], abs=1e-12)
    assert found.fifth_counts[1].sum() == known.sum()
    assert (found.milliseconds > 0).all()
    assert found.megabytes == pytest.approx(8e-6 * len(bars))
    again = decode(encode(found), FeatureReport)
    assert again.names == found.names
    np.testing.assert_array_equal(again.information.p_value, found.information.p_value)
    assert set(found.summary()["ic and p-value"]) == set(found.names)  # type: ignore[call-overload]


def test_of_slow_features_the_p_value_is_too_small_over_time_alone() -> None:
    """Bars times one less the first autocorrelation: 40 are enough."""
    found = engine.run(FeatureReportSpec(market=MARKET, features=(Sma(), Rsi()), horizons=(5,)))
    assert found.slow() == (found.names[0],)
    first = 1 - np.array([39.9, 40.1]) / found.rows
    moves = replace(found.dynamics, autocorrelation=np.repeat(first[:, None], 40, axis=1))
    assert replace(found, dynamics=moves).slow() == (found.names[0],)
    assert replace(found, information=replace(found.information, across=True)).slow() == ()


def test_the_same_request_gives_the_same_numbers() -> None:
    spec = FeatureReportSpec(market=MARKET, horizons=(5,))
    one, other = (engine.jobs.executors.compute(spec, inputs(spec), lambda *told: None) for _ in range(2))
    for name in ("unit_root", "ks_p_value", "psi", "turnover"):
        np.testing.assert_array_equal(getattr(one.dynamics, name), getattr(other.dynamics, name))
    np.testing.assert_array_equal(one.redundancy.mutual_information, other.redundancy.mutual_information)


def inputs(spec: FeatureReportSpec) -> dict[str, object]:
    return {name: engine.run(item) for name, item in spec.inputs().items()}


def test_the_ledger_counts_features_once_and_not_as_strategies() -> None:
    first = FeatureReportSpec(market=MARKET, features=(Rsi(window=5), Sma(window=9)), horizons=(5,))
    second = FeatureReportSpec(market=MARKET, features=(Rsi(window=5), Expression(text="close / open")), horizons=(9,))
    for spec in (first, second, second):
        engine.run(spec)
    assert len(ledger.features_tried(MARKET)) == 3
    assert len(ledger.features_tried(MarketSpec(symbols=("META", "NVDA")))) == 3
    assert ledger.features_tried(MarketSpec(symbols=("META",))) == frozenset()
    assert ledger.features_tried(MarketSpec(symbols=("NVDA",), end=date(2017, 1, 1))) == frozenset()
    assert ledger.on_data(MARKET) == ()
    assert ledger.count() == 0
    own = engine.run(first)
    assert set(own.features) <= ledger.features_tried(MARKET)


def test_a_range_without_values_and_wrong_horizons_are_refused() -> None:
    short = MarketSpec(symbols=("NVDA",), start=date(2020, 1, 1), end=date(2020, 1, 20))
    with pytest.raises(DataError, match="No feature has a value in this range"):
        engine.run(FeatureReportSpec(market=short, features=(SmaDistance(window=200),)))
    for horizons in ((), (0,), (501,)):
        with pytest.raises(SpecError):
            FeatureReportSpec(horizons=horizons, target=ForwardReturnValue(horizon=5))

"""The ledger: one row a trial, in order, for good."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.spec import BacktestSpec
from engine.core.database import connect
from engine.core.errors import StoreError
from engine.core.spec import canonical_json
from engine.core.store import Trial
from engine.jobs import trials
from engine.models.spec import ModelSpec
from engine.research import ledger

pytestmark = pytest.mark.usefixtures("workspace")

SPEC = BacktestSpec.parse({"strategy": {"kind": "sma_cross"}, "costs": {"commission": 5, "slippage": 3}})


def test_empty_at_first() -> None:
    assert ledger.count() == 0
    assert ledger.trials("sma_cross") == ()


def test_trials_come_back_oldest_first_by_family() -> None:
    trials.record("c", SPEC, Trial("sma_cross", 0.1, 100))
    trials.record("a", SPEC, Trial("sma_cross", None, 50))
    trials.record("b", SPEC, Trial("other", -0.2, 30))
    assert ledger.trials("sma_cross") == (Trial("sma_cross", 0.1, 100), Trial("sma_cross", None, 50))
    assert ledger.trials("other") == (Trial("other", -0.2, 30),)
    assert ledger.trials("none") == ()
    assert ledger.count() == 3


def test_same_run_twice_is_one_trial() -> None:
    for sharpe in (0.1, 0.2):
        trials.record("key", SPEC, Trial("sma_cross", sharpe, 100))
    assert ledger.trials("sma_cross") == (Trial("sma_cross", 0.1, 100),)


def test_what_was_tried_is_kept_with_it() -> None:
    trials.record("key", SPEC, Trial("sma_cross", 0.1, 100))
    with connect() as connection:
        (row,) = connection.execute("SELECT key, spec, created FROM trials").fetchall()
    assert (row["key"], row["spec"]) == ("key", canonical_json(SPEC))
    assert row["created"] > 1.6e9


@pytest.mark.parametrize("statement", ["DELETE FROM trials", "UPDATE trials SET family = 'x'"])
def test_nobody_can_forget_a_trial(statement: str) -> None:
    trials.record("key", SPEC, Trial("sma_cross", 0.1, 100))
    with pytest.raises(StoreError, match="append-only"), connect() as connection:
        connection.execute(statement)
    assert ledger.trials("sma_cross") == (Trial("sma_cross", 0.1, 100),)


def test_sweep_is_one_entry_and_many_trials() -> None:
    swept = Trial("sma_cross", 0.02, 99, count=1000, variance=1e-4, periods_per_year=252.0, rated=990)
    trials.record("sweep", SPEC, swept)
    trials.record("run", SPEC, Trial("sma_cross", 0.1, 100, periods_per_year=252.0))
    assert ledger.trials("sma_cross")[0] == swept
    assert ledger.trials("sma_cross")[0].ratios == 990
    assert ledger.count() == 1001


def test_cancelled_search_counts_until_it_is_taken_farther() -> None:
    def searched(count: int, whole: bool = False) -> None:
        trial = Trial("x", 0.1, 100, count=count, variance=1e-4)
        trials.record("k", SPEC, trial) if whole else trials.record_part("k", SPEC, trial)

    trials.record("other", SPEC, Trial("x", 0.2, 100))
    for count, known in ((30, 30), (10, 30), (70, 70), (70, 70)):
        searched(count)
        assert ledger.count() == 1 + known
        assert sum(trial.count for trial in ledger.trials("x")) == 1 + known
    trials.record_part("kk", SPEC, Trial("x", 0.1, 100, count=5))
    searched(70, whole=True)
    assert ledger.count() == 1 + 5 + 70
    searched(40)
    assert ledger.count() == 1 + 5 + 70


def test_pool_is_that_of_the_single_ratios() -> None:
    random = np.random.default_rng(3)
    first, second, single = random.normal(0.1, 0.02, 40), random.normal(-0.2, 0.05, 7), 0.3
    entries = [
        Trial("x", float(first.mean()), 100, count=45, variance=float(first.var(ddof=1)), rated=40),
        Trial("x", float(second.mean()), 100, count=7, variance=float(second.var(ddof=1))),
        Trial("x", single, 100),
        Trial("x", None, 100),
    ]
    everything = np.concatenate([first, second, [single]])
    pool = ledger.pool(entries, 252.0, 100)
    assert (pool.count, pool.rated) == (54, 48)
    assert pool.mean == pytest.approx(everything.mean(), rel=1e-12)
    assert pool.variance == pytest.approx(everything.var(ddof=1), rel=1e-12)


def test_daily_and_hourly_trials_are_pooled_by_the_year() -> None:
    """A ratio of one a year is 0.063 a day and 0.024 an hour: no difference between those two trials."""
    entries = [Trial("x", (1 / n) ** 0.5, 100, periods_per_year=n) for n in (252.0, 1764.0)]
    pool = ledger.pool(entries, 252.0, 100)
    assert pool.mean == pytest.approx((1 / 252) ** 0.5)
    assert pool.variance == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize(("bars", "per_year"), [(250, 252.0), (1000, 252.0), (4000, 252.0), (1750, 1764.0)])
def test_luck_is_that_of_the_record_at_hand(bars: int, per_year: float) -> None:
    """Trials without skill, whatever they were measured on, say what a thousand daily returns would vary by."""
    returns = np.random.default_rng(7).normal(0, 0.01, (4000, bars))
    ratios = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
    swept = Trial("x", float(ratios.mean()), bars, 4000, float(ratios.var(ddof=1)), per_year)
    assert ledger.pool([swept], 252.0, 1000).variance == pytest.approx(1 / 1000, rel=0.06)


def test_shorter_runs_are_restated_and_longer_ones_left() -> None:
    pool = ledger.pool([Trial("x", 0.1, 100), Trial("x", 0.3, 100)], 252.0, 400)
    assert pool.variance == pytest.approx(0.02 / 4)
    assert ledger.pool([Trial("x", 0.1, 100), Trial("x", 0.3, 100)], 252.0, 25).variance == pytest.approx(0.02)


def test_pool_of_none() -> None:
    assert ledger.pool((), 252.0, 100) == ledger.Pool(0, 0, 0.0, 0.0)
    assert ledger.pool([Trial("x", None, 5)], 252.0, 100) == ledger.Pool(1, 0, 0.0, 0.0)


def test_a_wide_search_among_equals_does_not_make_an_earlier_one_look_less_lucky() -> None:
    """A thousand ratios that spread by 0.04 are expected to reach 0.04 x 3.2551 (the paper's formula by hand)."""
    wide = Trial("made_up", 0.0, 2000, count=1000, variance=0.04**2, periods_per_year=252.0)
    narrow = Trial("made_up", 0.0, 2000, count=1_000_000, variance=0.001**2, periods_per_year=252.0)
    assert ledger.expected_best((wide,), 252.0, 2000) == pytest.approx(0.04 * 3.2551, rel=1e-4)
    assert ledger.expected_best((wide, narrow), 252.0, 2000) == pytest.approx(0.04 * 3.2551, rel=1e-4)
    assert ledger.expected_best((narrow,), 252.0, 2000) < 0.006
    more = (wide, narrow, *(Trial("made_up", sign * 0.2, 2000) for sign in (-1, 1) for _ in range(50_000)))
    assert ledger.expected_best(more, 252.0, 2000) > ledger.expected_best((wide, narrow), 252.0, 2000)


def test_luck_of_trials_without_a_ratio_is_that_of_as_many_returns() -> None:
    from engine.research.statistics import expected_maximum_sharpe

    unknown = Trial("made_up", None, 2000, count=100)
    assert ledger.expected_best((unknown,), 252.0, 1001) == pytest.approx(expected_maximum_sharpe(1 / 1000, 100))
    assert ledger.expected_best((), 252.0, 1001) == 0.0


def test_openings_of_a_sealed_holdout_are_counted_once_a_model() -> None:
    market = {"symbols": ["AAPL"]}
    assert ledger.holdouts_opened(ModelSpec.parse({"market": market}).market) == 0
    for number, changes in enumerate(({}, {"open_holdout": True}, {"open_holdout": True, "seed": 1})):
        spec = ModelSpec.parse({"market": market, "holdout": 0.2, **changes})
        for _ in range(2):
            trials.record(f"model{number}", spec, Trial("model:lightgbm", None, 100))
    assert ledger.holdouts_opened(spec.market) == 2
    assert ledger.holdouts_opened(ModelSpec.parse({"market": {"symbols": ["NVDA"]}}).market) == 0

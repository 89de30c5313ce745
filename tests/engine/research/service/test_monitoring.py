"""A model in service: scores of the newest bars, its paper account, and the comparison with another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.costs import Costs
from engine.backtest.portfolio import run_portfolio
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.core.progress import silent
from engine.jobs import executors, runner
from engine.market import catalog
from engine.market.sources.stored import save
from engine.models.result import ModelResult
from engine.models.scores import out_of_sample
from engine.models.service import registered
from engine.models.service.registered import Registered
from engine.research.service.comparison.result import ComparisonResult
from engine.research.service.comparison.run import compute as compare
from engine.research.service.comparison.spec import ComparisonSpec
from engine.research.service.monitoring.result import MonitorResult
from engine.research.service.requests import comparison, monitor
from engine.strategies import STRATEGIES
from tests.support.market import random_walk
from tests.support.served import trained
from tests.support.workspace import in_force

COSTS = Costs(commission=5, slippage=3)
SYMBOLS = ("ONE", "TWO")


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registered, ...]]:
    """Two versions of a binary model and one of a regression, after half a year of new bars."""
    with in_force(tmp_path_factory.mktemp("service")):
        target = {"kind": "forward_return_value"}
        kinds: list[dict[str, Any]] = [
            {},
            {"model": {"kind": "linear"}},
            {"model": {"kind": "linear"}, "target": target},
        ]
        found = tuple(registered.register(trained(*SYMBOLS, **kind)[0], "mine") for kind in kinds)
        for seed, symbol in enumerate(SYMBOLS):
            save(random_walk(600, seed, symbol=symbol))
        yield found


@pytest.fixture(scope="module")
def watched(items: tuple[Registered, ...]) -> MonitorResult:
    return engine.run(monitor(items[0], COSTS))


def test_scores_are_of_the_new_rows_whose_label_is_known(watched: MonitorResult) -> None:
    assert watched.newest.rows == 2 * 200
    assert watched.newest.scored == 2 * (200 - watched.horizon)
    known = np.isfinite(watched.outcome) & watched.is_new
    assert watched.newest.scores == pytest.approx(out_of_sample(watched.scored().where(known)), rel=0, nan_ok=True)
    low, high = watched.newest.interval("auc") or (np.nan, np.nan)
    assert low < watched.newest.scores["auc"] < high
    change = next(item for item in watched.changes if item.name == "auc")
    assert change.value == pytest.approx(watched.newest.scores["auc"] - watched.test.scores["auc"])
    assert change.low < change.value < change.high
    profit = watched.changes[-1]
    assert profit.name == "paper_return"
    returns = np.diff(watched.equity) / watched.equity[:-1]
    is_new = watched.paper_time[1:] > np.datetime64(watched.test.last)
    years = (watched.paper_time[-1] - watched.paper_time[0]) / np.timedelta64(1, "D") / 365.25
    a_year = (len(watched.paper_time) - 1) / years
    assert profit.value == pytest.approx((returns[is_new].mean() - returns[~is_new].mean()) * a_year, rel=0.01)
    assert profit.low < profit.value < profit.high
    grown = np.prod(1 + returns[is_new])
    assert watched.newest.total_return == pytest.approx(grown - 1)
    assert not watched.notes


def test_drift_is_that_of_the_features_themselves(watched: MonitorResult, items: tuple[Registered, ...]) -> None:
    """Against scipy on a feature by its definition: the relative distance of the close from its mean of 20 bars."""
    from scipy.stats import ks_2samp, wasserstein_distance

    card = registered.load(items[0]).card
    parts: list[list[float]] = [[], []]
    for seed in range(len(SYMBOLS)):
        bars = random_walk(600, seed)
        means = np.convolve(bars.adj_close, np.ones(20) / 20, "valid")
        values, time = bars.adj_close[19:] / means - 1, bars.time[19:]
        trained_on = (time >= np.datetime64(card.train_start)) & (time <= np.datetime64(card.train_end))
        parts[0] += values[trained_on].tolist()
        parts[1] += values[time > np.datetime64(card.data_end)].tolist()
    found = watched.inputs[0]
    assert found.name == "Close/SMA 20"
    assert found.wasserstein == pytest.approx(wasserstein_distance(*parts) / np.std(parts[0]), rel=1e-6)
    assert found.ks == pytest.approx(ks_2samp(*parts).statistic, rel=1e-9)
    assert found.shift == pytest.approx((np.mean(parts[1]) - np.mean(parts[0])) / np.std(parts[0]), rel=1e-6)


def test_the_paper_account_is_that_of_a_backtest_which_follows_the_model(
    watched: MonitorResult, items: tuple[Registered, ...]
) -> None:
    """A strategy of the library, on the run's own predictions, which are those of its test."""
    spec = registered.load(items[0]).spec
    follow = STRATEGIES.available()["follow_model"].parse({"model": spec, "enter_above": 0.5, "exit_below": 0.5})
    end = np.datetime64(watched.test.last, "D").astype(object)
    market = spec.market.model_copy(update={"end": end})
    backtest = BacktestSpec(market=market, strategy=follow, costs=COSTS, direction="both")
    then = runner.store().read(items[0].run, ModelResult)  # on today's bars the request would train another
    expected = run_portfolio(backtest, {"market": catalog.load(market), "model": then}, silent)
    count = len(expected.time)
    np.testing.assert_array_equal(watched.paper_time[:count], expected.time)
    np.testing.assert_allclose(watched.equity[:count], expected.equity, rtol=1e-9)


def test_a_regression_is_long_above_zero(items: tuple[Registered, ...]) -> None:
    found = engine.run(monitor(items[2], COSTS))
    assert "hit_rate" in found.newest.scores
    assert found.headline == "rank_ic"
    assert len(found.equity) == len(found.paper_time) > 200


def test_a_result_is_stored_and_new_bars_make_another(items: tuple[Registered, ...]) -> None:
    spec = monitor(items[0], COSTS)
    before = runner.run_key(spec)
    assert runner.is_stored(spec)
    assert runner.run(spec).newest.rows == 400
    save(random_walk(601, 0, symbol="ONE"))
    assert runner.run_key(spec) != before
    save(random_walk(600, 0, symbol="ONE"))
    assert runner.run_key(spec) == before


def compared(one: MonitorResult, other: MonitorResult, spec: ComparisonSpec) -> ComparisonResult:
    return compare(spec, {"champion": one, "challenger": other}, silent)


def test_differences_are_on_the_rows_that_both_predict(items: tuple[Registered, ...], watched: MonitorResult) -> None:
    spec = comparison(items[0], items[1], COSTS, "new")
    found = engine.run(spec)
    other = engine.run(spec.challenger)
    assert found.rows == 400
    hits = found.differences[0]
    rows = [item.scored().where(item.is_new & np.isfinite(item.outcome)) for item in (watched, other)]
    shares = [float(((part.prediction >= 0.5) == part.label).mean()) for part in rows]
    assert [hits.champion, hits.challenger] == pytest.approx(shares)
    assert hits.low < hits.difference < hits.high
    assert {item.name for item in found.differences} == {"hits", "auc", "rank_ic", "ic", "paper_return"}
    assert found.champion[0] == found.challenger[0] == 1


def test_a_model_is_no_better_than_itself(items: tuple[Registered, ...], watched: MonitorResult) -> None:
    found = compared(watched, watched, comparison(items[0], items[1], COSTS))
    assert all(item.difference == item.low == item.high == 0 for item in found.differences)
    assert not found.decided
    assert not found.better


def test_a_model_that_knows_is_better_from_a_certain_day_on(
    items: tuple[Registered, ...], watched: MonitorResult
) -> None:
    knowing = replace(watched, prediction=np.where(watched.outcome == 1, 0.9, 0.1))
    found = compared(watched, knowing, comparison(items[0], items[1], COSTS))
    assert found.better == "mine@2"
    place = int(np.flatnonzero(found.low >= 0)[0])
    assert found.decided == str(found.moment[place])
    # No label of the blocks up to then ends later, and some of the next block do.
    assert found.block == 8
    moments = np.unique(watched.time[np.isfinite(watched.outcome)])
    last = moments[(place + 1) * 8 - 1]
    assert found.moment[place] == watched.end[watched.time == last].max()
    assert compared(knowing, watched, comparison(items[0], items[1], COSTS)).better == "mine@1"


def test_models_of_other_labels_are_not_compared(items: tuple[Registered, ...]) -> None:
    with pytest.raises(DataError, match="only models of the same label can be compared"):
        engine.run(comparison(items[0], items[2], COSTS))


def test_a_model_under_a_number_is_the_one_that_was_asked_for(items: tuple[Registered, ...]) -> None:
    spec = monitor(items[0], COSTS).model_copy(update={"digest": "0" * 64})
    with pytest.raises(DataError, match="another model than the one that was asked for"):
        executors.compute(spec, {}, silent)

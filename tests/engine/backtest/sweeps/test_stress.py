"""Costs are a stress: a sweep shows what they do, and chooses nothing along them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.views import best_plateau, heatmap
from engine.core.errors import Cancelled, SpecError
from engine.research.sweep_overfitting.spec import OverfittingSpec
from tests.support.market import random_walk
from tests.support.sweeping import axis, run, spec, sweep
from tests.support.walks import walk_spec

SMA = {"kind": "sma_cross", "fast": 5, "slow": 20}
FAST, SLIPPAGE = axis("strategy.fast", 2, 9), axis("costs.slippage", 0, 9, 1)
BARS = random_walk(700, seed=3)


def swept(*axes: dict[str, Any], **fields: Any) -> SweepResult:
    return run(sweep(spec(SMA, **fields), axes), BARS)


def test_the_best_is_told_at_the_costs_of_the_backtest() -> None:
    """Not at the lowest on the axis, where everything is better."""
    found, alone = swept(FAST, SLIPPAGE), swept(FAST)
    own = found.parameters[:, 1] == 3  # basis points, those of the base
    assert found.choosable.tolist() == own.tolist()
    assert found.best(count=100).tolist() == np.flatnonzero(own)[alone.best(count=100)].tolist()
    assert found.sharpe[0, found.best()[0]] < np.nanmax(found.sharpe)
    assert [row["costs.slippage"] for row in found.table()] == [3] * 8
    assert found.no_choice() == ""


def test_the_plateau_is_told_there_too() -> None:
    one, other = (
        best_plateau(swept(FAST, axis("strategy.slow", 20, 30), SLIPPAGE)),
        best_plateau(swept(FAST, axis("strategy.slow", 20, 30))),
    )
    assert one is not None
    assert other is not None
    assert (one.value, one.neighbourhood, one.neighbours) == (other.value, other.neighbourhood, other.neighbours)
    assert one.index // 10 == other.index


def test_the_map_over_other_axes_is_at_these_costs() -> None:
    found, alone = swept(FAST, SLIPPAGE), swept(FAST)
    cells = heatmap(found, "sharpe", "strategy.fast")
    np.testing.assert_array_equal(cells.z, heatmap(alone, "sharpe", "strategy.fast").z)
    assert heatmap(found, "sharpe", "strategy.fast", "costs.slippage").z.shape == (10, 8)
    at = heatmap(found, "sharpe", "strategy.fast", fixed={"costs.slippage": 7})
    np.testing.assert_array_equal(at.z[0], found.sharpe[0, found.parameters[:, 1] == 7])


def test_without_these_costs_on_the_axis_none_is_the_best_and_it_says_why() -> None:
    found = swept(FAST, axis("costs.slippage", 4, 9, 1))
    assert found.best().tolist() == []
    assert best_plateau(found) is None
    assert "(slippage 3 bp)" in found.no_choice()
    assert [row["index"] for row in found.table(limit=4)] == [0, 1, 2, 3]
    assert np.isfinite(heatmap(found, "sharpe", "strategy.fast").z).all(), "at the nearest"


def test_where_costs_alone_vary_nothing_is_chosen() -> None:
    found = swept(SLIPPAGE)
    assert found.best().tolist() == []
    assert best_plateau(found) is None
    assert "no combination is named the best" in found.no_choice()
    assert found.trial().count == 1


def test_the_same_backtest_at_other_costs_is_no_other_trial() -> None:
    found, alone = swept(FAST, SLIPPAGE, axis("financing.cash_yield", 0, 0.02, 0.01)), swept(FAST)
    assert len(found) == 8 * 10 * 3
    trial, other = found.trial(), alone.trial()
    assert (trial.count, trial.rated, trial.observations) == (other.count, other.rated, other.observations)
    assert trial.sharpe == pytest.approx(other.sharpe, rel=1e-9)
    assert trial.variance == pytest.approx(other.variance, rel=1e-9)
    elsewhere = swept(FAST, axis("costs.slippage", 4, 9, 1)).trial()
    assert elsewhere.count == 8


def test_a_cancelled_sweep_counts_no_more_than_the_whole_would() -> None:
    def enough(fraction: float, message: str, partial: object = None) -> None:
        if fraction > 0.5:
            raise Cancelled("enough")

    request = sweep(spec({"kind": "rsi_reversion"}), [axis("strategy.window", 5, 8), SLIPPAGE])
    with pytest.raises(Cancelled) as caught:
        run(request, BARS, progress=enough)
    assert caught.value.trial is not None
    assert 0 < caught.value.trial.count <= 4
    assert caught.value.trial.ratios <= caught.value.trial.count


def test_a_search_does_not_maximise_over_costs() -> None:
    with pytest.raises(SpecError, match="remove slippage from the axes, or run a grid"):
        sweep(spec(SMA), [FAST, SLIPPAGE], sample="tpe")


def test_a_walk_forward_does_not_choose_among_costs() -> None:
    with pytest.raises(SpecError) as caught:
        walk_spec(axes=[FAST, SLIPPAGE])
    assert dict(caught.value.problems)["axes.1.path"].endswith("sweep them instead.")


def test_the_costs_of_the_backtest_make_another_sweep() -> None:
    """The best is told at them; what the backtest has on any other axis makes none."""
    assert sweep(spec(SMA), [FAST, SLIPPAGE]).ignored() == ("device", "base.strategy.fast")


@pytest.mark.usefixtures("workspace")
def test_only_what_was_a_choice_can_be_overfitted() -> None:
    import engine
    from engine.core.errors import DataError
    from engine.market.sources.stored import save

    save(BARS)
    market = {"collection": "made-up", "symbols": ["TEST"], "adjustment": "none"}
    base = spec(SMA, market=market)
    plain = {"samples": 100, "blocks": 4}
    found = engine.run(OverfittingSpec.parse({"sweep": sweep(base, [FAST, SLIPPAGE]), **plain}))
    alone = engine.run(OverfittingSpec.parse({"sweep": sweep(base, [FAST]), **plain}))
    assert (found.columns, found.whole) == (8, 8)
    assert found.probability == alone.probability
    np.testing.assert_array_equal(found.combinations, alone.combinations * 10 + 3)
    with pytest.raises(DataError, match="stress test, not a choice"):
        engine.run(OverfittingSpec.parse({"sweep": sweep(base, [SLIPPAGE]), **plain}))


def test_the_map_so_far_is_no_better_for_costs_that_it_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backtest.sweeps.sweep_progress.time.monotonic", iter(range(10**6)).__next__)
    pictures: list[Any] = []

    def hear(fraction: float, message: str, partial: object = None) -> None:
        pictures.extend([partial] if partial else [])

    found = run(sweep(spec(SMA), [FAST, axis("strategy.slow", 20, 30), SLIPPAGE]), BARS, progress=hear)
    cells = heatmap(found, "sharpe", "strategy.fast", "strategy.slow")
    np.testing.assert_allclose(np.array(pictures[-1]["z"], dtype=float), cells.z, atol=1e-4)

"""Combinations against holding, with enough trades; which parameter matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.backtest.sweeps import views
from engine.backtest.sweeps.importance import importance, slice_along
from engine.backtest.sweeps.result import METRICS, SweepResult
from engine.backtest.sweeps.views import best_plateau, heatmap
from engine.core.store import decode, encode
from engine.market.bars import Floats
from tests.engine.backtest.sweeps.test_result import result
from tests.support.sweep_page import request

FAST = "strategy.fast"


def made(parameters: Sequence[Sequence[float]], sharpe: Sequence[float] | Floats) -> SweepResult:
    return result(np.array(parameters, dtype=float), np.asarray(sharpe))


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("symbols", [("NVDA",), ("NVDA", "AAPL")])
def test_holding_is_that_of_the_runs(symbols: tuple[str, ...]) -> None:
    found = engine.run(request(symbols=symbols))
    run = engine.run(found.spec_of(0))
    for name in METRICS:
        if name != "trades":
            assert found.held(name) == pytest.approx(run.benchmark_metrics[name], rel=1e-12)
    assert found.held("trades") == len(symbols)
    for symbol in found.parts:
        alone = engine.run(request(symbols=(symbol,))).held("total_return")
        assert found.held("total_return", symbol) == pytest.approx(alone, rel=0.02), "from nearly the same bar on"
    np.testing.assert_array_equal(decode(encode(found), SweepResult).holding, found.holding)


def test_a_plateau_is_found_once_for_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As each callback of a page reads the result anew; another number in it, and it is another."""
    asked: list[int] = []
    find = views.plateau
    monkeypatch.setattr(views, "plateau", lambda *given: asked.append(1) or find(*given))
    grid, sharpe = [[31, 10], [31, 20], [32, 10], [32, 20]], [0.5, 2.5, 0.25, 1.25]
    first, again = (best_plateau(made(grid, sharpe)) for _ in range(2))
    assert first == again
    assert len(asked) == 1
    assert first is not None
    assert first.value == 0.5
    turned = best_plateau(made(grid, sharpe[::-1]))
    assert turned is not None
    assert turned.value == 1.25
    assert best_plateau(made([[1, 10], *grid[1:]], sharpe)) is not None
    assert len(asked) == 3
    assert best_plateau(made(grid, sharpe).demanding(99)) is None


def test_a_result_from_before_knows_no_holding() -> None:
    assert np.isnan(made([[1, 10]], [0.5]).held("sharpe"))


def test_too_few_trades_are_never_the_best() -> None:
    trades = np.array([[2, 9, 30, 30]], dtype=np.int32)
    all_ = replace(made([[1, 10], [2, 10], [1, 20], [2, 20]], [3.0, 2.0, 1.0, 0.5]), trades=trades)
    assert all_.best(count=1).tolist() == [0]
    some = all_.demanding(10)
    assert some.best().tolist() == [2, 3]
    assert [row["index"] for row in some.table()] == [2, 3]
    plateau = best_plateau(some)
    assert plateau is not None
    assert plateau.index in (2, 3)
    assert len(some) == 4, "they are all still there"
    assert some.trial() == all_.trial(), "and count as trials"
    assert all_.demanding(31).no_choice().startswith("No combination has 31 trades")
    assert all_.demanding(0) is all_


def test_a_map_shows_too_few_trades_where_there_is_nothing_else() -> None:
    trades = np.array([[2, 30, 2]], dtype=np.int32)
    found = replace(made([[1, 10], [1, 20], [2, 10]], [3.0, 1.0, 2.0]), trades=trades).demanding(10)
    drawn = heatmap(found, "sharpe", FAST)
    assert drawn.z.tolist() == [[1.0, 2.0]], "not the 3 of two trades"
    assert drawn.index.tolist() == [[1, 2]]


def test_importance_is_the_analysis_of_variance_by_hand() -> None:
    """A 2 by 3 grid: rows (1, 2, 6) and (3, 4, 8) are purely additive; with 2 more at one corner they are not."""
    grid = [[fast, slow] for fast in (1, 2) for slow in (10, 20, 30)]
    figure = np.array([1.0, 2, 6, 3, 4, 8])
    found = importance(made(grid, figure), figure)
    assert found is not None
    total = figure.var()  # 17/3 - ... by hand: means of rows 3 and 5, of columns 2, 3 and 7
    assert found.single.tolist() == pytest.approx([1.0 / total, (4 + 1 + 9) / 3 / total])
    assert found.single.sum() == pytest.approx(1)
    assert found.pairs == {(0, 1): pytest.approx(0, abs=1e-12)}
    bent = np.array([1.0, 2, 6, 3, 4, 14])
    crossed = importance(made(grid, bent), bent)
    assert crossed is not None
    # means: rows 3 and 7, columns 2, 3 and 10, all 5; what is left is (1, 1, -2) and its opposite
    assert crossed.single * bent.var() == pytest.approx([4.0, (9 + 4 + 25) / 3])
    assert crossed.pairs[(0, 1)] * bent.var() == pytest.approx(2.0)
    assert crossed.rest == pytest.approx(0, abs=1e-12)
    assert crossed.whole


def test_importance_of_what_is_no_grid_says_so() -> None:
    figure = np.array([1.0, 2, 6, 3])
    found = importance(made([[1, 10], [1, 20], [1, 30], [2, 10]], figure), figure)
    assert found is not None
    assert not found.whole
    assert found.single[0] == pytest.approx((3 * (3 - 3) ** 2 + (3 - 3) ** 2) / 4 / figure.var())
    assert np.isnan(found.rest)
    assert importance(made([[1, 10], [1, 20]], [1.0, 1.0]), np.ones(2)) is None
    assert importance(made([[1, 10], [1, 20]], [1.0, np.nan]), np.array([1.0, np.nan])) is None


def test_a_slice_at_the_best_and_over_all() -> None:
    grid = [[fast, slow] for fast in (1, 2) for slow in (10, 20, 30)]
    figure = np.array([1.0, 2, 6, 3, 4, 8])
    found = slice_along(made(grid, figure), figure, axis=1, best=5)
    assert found.values.tolist() == [10, 20, 30]
    assert found.at_best.tolist() == [3, 4, 8], "with the fast window of the best"
    assert found.mean.tolist() == [2, 3, 7]
    assert found.low.tolist() == [1.5, 2.5, 6.5]
    assert found.high.tolist() == [2.5, 3.5, 7.5]
    assert np.isnan(slice_along(made(grid, figure), figure, axis=1, best=None).at_best).all()

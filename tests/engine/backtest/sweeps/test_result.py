"""Looking at a sweep: heatmaps, slices, bins, tables, the plateau."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.reports.frames import combinations
from engine.backtest.sweeps import views
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.views import best_plateau, heatmap
from tests.support.sweeping import spec

BASE = spec({"kind": "sma_cross"}, ("A", "B"))


def result(parameters: np.ndarray, sharpe: np.ndarray, axes: tuple[str, ...] | None = None) -> SweepResult:
    """A sweep with these Sharpe ratios, of the whole and then of its symbols; totals are the ratios, drawdowns a tenth
    below zero.
    """
    table = np.atleast_2d(np.asarray(sharpe, dtype=float))
    count = parameters.shape[1]
    names = axes or ("strategy.fast", "strategy.slow", "sizing.part")[:count]
    return SweepResult(
        label="made up",
        family="sma_cross",
        symbols=("A", "B"),
        zones=(),
        objective="sharpe",
        axes=names,
        titles=names,
        units=("",) * count,
        whole=tuple(name.startswith("strategy") for name in names),
        values=tuple(tuple(np.unique(column).tolist()) for column in parameters.T),
        words=tuple(("next_open", "same_close") if name == "fill" else () for name in names),
        parameters=parameters,
        total_return=table,
        sharpe=table,
        max_drawdown=np.where(np.isnan(table), np.nan, -0.1),
        trades=np.full(table.shape, 7, dtype=np.int32),
        observations=(100,) * len(table),
        periods_per_year=(252.0,) * len(table),
        years=(1.0,) * len(table),
        first="2020-01-01",
        warm_up=0,
        warm_up_in_range=0,
        left_out=0,
        warnings=(),
        base=BASE.model_dump_json(),
    )


def grid(*sizes: int) -> np.ndarray:
    return np.stack(np.meshgrid(*[np.arange(2.0, 2 + size) for size in sizes], indexing="ij"), -1).reshape(
        -1, len(sizes)
    )


def test_heatmap_of_two_axes() -> None:
    parameters = grid(3, 2)
    found = heatmap(result(parameters, np.arange(6.0)), "sharpe", "strategy.fast", "strategy.slow")
    assert found.x.tolist() == [2, 3, 4]
    assert found.y.tolist() == [2, 3]
    assert found.z.tolist() == [[0, 2, 4], [1, 3, 5]]
    assert found.index.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_cells_without_a_figure_are_empty() -> None:
    sharpe = np.array([0.0, np.nan, 2.0, 3.0])
    found = heatmap(result(grid(2, 2), sharpe), "sharpe", "strategy.fast", "strategy.slow")
    np.testing.assert_array_equal(found.z, [[0, 2], [np.nan, 3]])
    assert found.index.tolist() == [[0, 2], [-1, 3]]


def test_third_axis_is_sliced_or_reduced() -> None:
    parameters, sharpe = grid(2, 1, 3), np.array([1.0, 2, 9, 4, 5, 6])
    made = result(parameters, sharpe)
    at = heatmap(made, "sharpe", "strategy.fast", fixed={"sizing.part": 3})
    assert at.z.tolist() == [[2, 5]]
    assert at.y.tolist() == []
    best = heatmap(made, "sharpe", "strategy.fast")
    assert (best.z.tolist(), best.index.tolist()) == ([[9, 6]], [[2, 5]])
    median = heatmap(made, "sharpe", "strategy.fast", rest="median")
    assert (median.z.tolist(), median.index.tolist()) == ([[2, 5]], [[1, 4]])
    mean = heatmap(made, "sharpe", "strategy.fast", rest="mean")
    assert (mean.z.tolist(), mean.index.tolist()) == ([[4, 5]], [[1, 4]])


def test_drawn_axis_is_put_into_bins() -> None:
    random = np.random.default_rng(0)
    parameters = random.uniform(0, 1, (100_000, 2))
    made = result(parameters, parameters[:, 0], ("stops.stop_loss", "stops.take_profit"))
    found = heatmap(made, "sharpe", "stops.stop_loss", "stops.take_profit", rest="mean")
    assert found.z.shape == (150, 150)
    np.testing.assert_allclose(np.nanmean(found.z, axis=0), found.x, atol=0.01)
    chosen = made.parameters[found.index[3, 5]]
    assert abs(chosen[0] - found.x[5]) < 0.02
    assert abs(chosen[1] - found.y[3]) < 0.02


def test_a_long_axis_of_a_grid_is_put_into_tiles_of_as_many_values_each() -> None:
    """998 values are four to a tile, 250 tiles, the last of two: never three here and four there."""
    parameters = grid(998, 3)
    parameters = parameters[parameters[:, 0] >= parameters[:, 1]]  # an invalid corner
    made = replace(result(parameters, parameters[:, 0]), left_out=3 * 998 - len(parameters))
    found = heatmap(made, "sharpe", "strategy.fast", "strategy.slow")
    assert found.z.shape == (3, 250)
    assert found.x[:2].tolist() == [3.5, 7.5], "the middle of 2 to 5, and of 6 to 9"
    assert found.x[-1] == 999.5
    assert found.z[0].tolist() == [*range(5, 998, 4), 999], "the best of each tile"
    part = heatmap(made, "sharpe", "strategy.fast", "strategy.slow", within={"strategy.fast": (100.5, 401)})
    assert (part.x[0], part.x[1], part.z.shape) == (101.5, 103.5, (3, 151))
    drawn = replace(made, left_out=0)
    assert heatmap(drawn, "sharpe", "strategy.fast", "strategy.slow").z.shape == (3, 150), "no grid"


@pytest.mark.parametrize("sizes", [(40, 30), (9, 8, 7)])
def test_a_plateau_is_the_same_by_a_table_and_by_search(
    sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(3)
    parameters = grid(*sizes)[random.random(int(np.prod(sizes))) < 0.7]
    made = result(parameters, random.normal(size=len(parameters)).round(1))
    found = views.plateau(made, made.metric("sharpe"))
    monkeypatch.setattr(views, "_TABLE", 0)
    assert views.plateau(made, made.metric("sharpe")) == found is not None


def test_the_whole_is_what_counts_and_its_symbols_stand_beside_it() -> None:
    made = result(grid(2, 1), np.array([[1.5, 1.2], [1.0, np.nan], [3.0, 5.0]]))
    assert made.parts == ("A", "B")
    assert made.metric("sharpe").tolist() == [1.5, 1.2]
    assert made.metric("sharpe", "B").tolist() == [3, 5]
    assert made.best().tolist() == [0, 1]
    assert made.best(symbol="B").tolist() == [1, 0]
    assert made.best(symbol="A").tolist() == [0]
    assert [(row["symbol"], row["sharpe"]) for row in made.by_symbol(1)] == [(None, 1.2), ("A", None), ("B", 5.0)]
    assert combinations(made, "B")["sharpe"].tolist() == [3, 5]


def test_symbols_that_share_an_account_have_no_figures_of_their_own() -> None:
    made = result(grid(2, 1), np.array([1.0, 2.0]))
    assert made.parts == ()
    assert [row["symbol"] for row in made.by_symbol(1)] == [None]
    with pytest.raises(ValueError, match="tuple"):
        made.metric("sharpe", "A")


def test_table_is_plain_and_best_first() -> None:
    made = result(grid(2, 2), np.array([1.0, 3.0, np.nan, 2.0]))
    rows = made.table(limit=2)
    assert [row["index"] for row in rows] == [1, 3]
    assert rows[0] == {
        "index": 1,
        "strategy.fast": 2,
        "strategy.slow": 3,
        "total_return": 3.0,
        "sharpe": 3.0,
        "max_drawdown": -0.1,
        "trades": 7.0,
        "calmar": pytest.approx(30.0),
    }


def test_choices_have_their_words_and_open_as_such() -> None:
    made = result(np.array([[0.0], [1.0]]), np.array([1.0, 2.0]), ("fill",))
    assert made.settings(1) == {"fill": "same_close"}
    assert made.spec_of(1).fill == "same_close"
    assert made.spec_of(1).market.symbols == ("A", "B")


def test_plateau_beats_a_peak() -> None:
    """A single cell of 9 among zeros, and a hill of 3 around (7, 7)."""
    parameters = grid(10, 10)
    x, y = parameters.T
    sharpe = np.where((abs(x - 8) <= 1) & (abs(y - 8) <= 1), 3.0, 0.0)
    sharpe[(x == 4) & (y == 4)] = 9.0
    made = result(parameters, sharpe)
    found = best_plateau(made)
    assert found is not None
    assert made.parameters[found.index].tolist() == [8, 8]
    assert (found.value, found.neighbourhood, found.neighbours) == (3, 3, 8)
    assert made.parameters[made.best()[0]].tolist() == [4, 4]


def test_plateau_does_not_trust_the_rim_or_what_is_unknown() -> None:
    parameters = grid(6, 6)
    x, y = parameters.T
    sharpe = np.where((x == 2) & (y == 2), 5.0, np.where((x >= 5) & (y >= 5), 2.0, 0.0))
    sharpe[(x == 2) & (y == 3)] = np.nan
    found = best_plateau(result(parameters, sharpe))
    assert found is not None
    assert result(parameters, sharpe).parameters[found.index].min() >= 5


def test_plateau_of_one_axis_and_of_drawn_ones() -> None:
    line = result(grid(9), np.array([0, 8, 0, 2, 3, 2, 0, 0, 0.0]))
    found = best_plateau(line)
    assert found is not None
    assert found.index == 4
    random = np.random.default_rng(1)
    parameters = random.uniform(0, 10, (2000, 2))
    height = np.exp(-((parameters[:, 0] - 7) ** 2 + (parameters[:, 1] - 3) ** 2)) + random.normal(0, 0.2, 2000)
    cloud = result(parameters, height, ("stops.stop_loss", "stops.take_profit"))
    found = best_plateau(cloud)
    assert found is not None
    assert np.hypot(*(parameters[found.index] - (7, 3))) < 1


def test_trial_counts_undefined_ratios_too() -> None:
    found = result(grid(6), np.array([1.0, np.nan, 3.0, 5.0, 7.0, np.nan]))
    trial = replace(found, total_return=np.zeros((1, 6))).trial()
    assert (trial.count, trial.rated, trial.ratios) == (6, 4, 4)
    assert trial.sharpe == pytest.approx(4 / np.sqrt(252))
    assert trial.variance == pytest.approx(np.var([1, 3, 5, 7], ddof=1) / 252)


def test_a_combination_is_one_trial_on_however_many_symbols() -> None:
    trial = result(grid(2), np.array([[1.0, 3.0], [9.0, 9.0], [-7.0, 2.0]])).trial()
    assert (trial.count, trial.rated) == (2, 2)
    assert trial.sharpe == pytest.approx(2 / np.sqrt(252))


def test_unknown_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="'sharp' is not one of"):
        result(grid(2), np.zeros(2)).metric("sharp")


def test_not_to_trade_is_no_merit_of_a_drawdown() -> None:
    made = replace(
        result(grid(4), np.array([np.nan, 0.5, 1.0, 0.2])),
        max_drawdown=np.array([[0.0, -0.3, -0.1, 0.0]]), trades=np.array([[0, 3, 2, 1]], dtype=np.int32),
    )  # fmt: skip
    assert made.best("max_drawdown").tolist() == [3, 2, 1]
    assert [row["index"] for row in made.table(sort="max_drawdown")] == [3, 2, 1]
    assert made.metric("max_drawdown").tolist() == [0.0, -0.3, -0.1, 0.0], "its figure stays that of the run"


def test_rows_of_less_than_a_month_are_those_of_the_grid_and_say_why() -> None:
    short = replace(result(grid(3), np.array([np.nan, np.nan, np.nan])), years=(0.05,))
    short = replace(short, total_return=np.array([[0.1, 0.3, 0.2]]))
    assert short.no_choice().startswith("Shorter than a month: ")
    assert "Sharpe" in short.no_choice()
    assert [row["index"] for row in short.table()] == [0, 1, 2]
    assert [row["index"] for row in short.table(sort="total_return")] == [1, 2, 0]
    assert short.no_choice("total_return") == ""
    assert replace(short, years=(1.0,)).no_choice() == ""

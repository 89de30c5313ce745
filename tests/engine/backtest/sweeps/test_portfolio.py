"""A sweep of several symbols: a cell is the portfolio of all, as the run that it opens as and as vectorbt's group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.backtest.portfolio import run_portfolio
from engine.core.errors import DataError
from engine.core.progress import silent
from engine.market.bars import Bars, Market
from tests.engine.backtest.sweeps.test_run import FAST, SLOW, SMA, STRATEGIES
from tests.support.market import make_bars, random_walk
from tests.support.sweeping import FILLS, axis, run, same_as_runs, series, spec, sweep


def several(*counts: int) -> list[Bars]:
    """A walk of each length, all with their last bar on one day, and symbols A, B, C."""
    days = max(counts)
    return [
        replace(made, time=random_walk(days).time[days - count :])
        for count, made in ((n, random_walk(n, seed=n, symbol=name)) for n, name in zip(counts, "ABCDEF", strict=False))
    ]


@pytest.mark.parametrize(("strategy", "axes"), STRATEGIES)
def test_cell_of_several_symbols_is_the_run_with_all_of_them(
    strategy: dict[str, Any], axes: list[dict[str, Any]]
) -> None:
    bars = several(700, 430, 512)
    found = run(sweep(spec(strategy, "ABC"), axes), *bars)
    assert found.parts == ("A", "B", "C")
    assert found.sharpe.shape == (4, len(found))
    assert found.spec_of(0).market.symbols == ("A", "B", "C")
    same_as_runs(found, *bars, count=8)
    for place in np.random.default_rng(1).integers(0, len(found), 3).tolist():
        opened = run_portfolio(found.spec_of(place), {"market": Market(tuple(bars))}, silent)
        for name in ("total_return", "sharpe", "max_drawdown", "trades"):
            expected = np.nan if opened.metrics[name] is None else opened.metrics[name]
            np.testing.assert_equal(found.metric(name)[place], expected)


@settings(max_examples=40)
@given(some.data())
def test_cell_of_several_symbols_is_the_run_on_any_series(data: some.DataObject) -> None:
    """Gaps, calendars that begin and end apart, ties, and prices that never move."""
    bars = []
    for name in "ABC"[: data.draw(some.integers(2, 3))]:
        made = data.draw(series(least=40))
        shift = np.timedelta64(data.draw(some.integers(0, 60)), "D")
        bars.append(replace(made, time=made.time + shift, series=replace(made.series, symbol=name)))
    fields: dict[str, Any] = {"fill": data.draw(some.sampled_from(FILLS))}
    if data.draw(some.booleans()):
        fields["stops"] = {"stop_loss": 0.02, "time_stop": data.draw(some.sampled_from([None, 4]))}
    names = [item.series.symbol for item in bars]
    request = sweep(spec(SMA, names, **fields), [axis("strategy.fast", 2, 5), axis("strategy.slow", 3, 20)])
    try:
        found = run(request, *bars)
    except DataError:
        return
    same_as_runs(found, *bars, count=8)
    for place in np.random.default_rng(0).integers(0, len(found), 4).tolist():
        opened = run_portfolio(found.spec_of(place), {"market": Market(tuple(bars))}, silent)
        assert opened.metrics["total_return"] == found.total_return[0, place]


@pytest.mark.parametrize("memory", [1.0, 5 * 10 * 420])  # one symbol at a time; some of them, by the lines of a block
@pytest.mark.parametrize("stops", [{}, {"trailing_stop": 0.1}])
def test_symbols_that_do_not_fit_into_memory_are_added_up_in_parts(
    monkeypatch: pytest.MonkeyPatch, memory: float, stops: dict[str, float]
) -> None:
    bars = [random_walk(400 + 10 * seed, seed=seed, symbol=name) for seed, name in enumerate("ABCDE")]
    axes = [axis("strategy.fast", 2, 9), axis("strategy.slow", 10, 22), axis("costs.slippage", 1, 3)]
    request = sweep(spec(SMA, "ABCDE", stops=stops), axes)
    whole = run(request, *bars)
    monkeypatch.setattr("engine.backtest.sweeps.crossing_grid._MEMORY", memory)
    monkeypatch.setattr("engine.backtest.sweeps.crossing_grid._FEWEST", 2)
    monkeypatch.setattr("engine.backtest.sweeps.grid._SUMS", 1.0)
    monkeypatch.setattr("engine.backtest.sweeps.parallel._FIRST", 60)
    parted = run(request, *bars)
    for name in ("total_return", "sharpe", "max_drawdown", "trades"):
        np.testing.assert_array_equal(getattr(parted, name), getattr(whole, name))


def test_a_portfolio_by_hand() -> None:
    """Two symbols that are bought with half of the capital each at the second close: 10 to 20 and 10 to 5, free."""
    made = [make_bars([10.0, 10, 20, 20], symbol="A"), make_bars([10.0, 10, 10, 5], symbol="B")]
    bars = [replace(item, time=item.time[0] + np.arange(4) * np.timedelta64(14, "D")) for item in made]
    free = {"costs": {"commission": 0, "slippage": 0}, "fill": "next_close"}
    request = sweep(spec({"kind": "buy_and_hold"}, "AB", **free), [{"path": "stops.stop_loss", "values": [0.9]}])
    found = run(request, *bars)
    assert found.total_return[:, 0].tolist() == [0.25, 1.0, -0.5]
    assert found.max_drawdown[:, 0].tolist() == pytest.approx([1.25 / 1.5 - 1, 0, -0.5])
    assert found.trades[:, 0].tolist() == [2, 1, 1]
    returns = np.array([0, 0.5, 1.25 / 1.5 - 1])
    per_year = 365.25 / 14  # a bar a fortnight
    assert found.sharpe[0, 0] == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(per_year), rel=1e-3)


def test_a_portfolio_is_vectorbts_group() -> None:
    """Columns that do not share their cash, grouped: an account of another library, added up by it."""
    import pandas as pd
    import vectorbt as vbt

    bars = [random_walk(600, seed=seed, symbol=name) for seed, name in enumerate("ABC")]
    found = run(sweep(spec(SMA, "ABC"), [FAST, SLOW]), *bars)
    first = found.warm_up
    close, open = (
        pd.DataFrame({b.series.symbol: getattr(b, name)[first:] for b in bars}) for name in ("close", "open")
    )
    for place in (0, len(found) // 2, len(found) - 1):
        strategy = found.spec_of(place).strategy
        sides = [strategy.signals(item, {}) for item in bars]
        entries, exits = (np.column_stack([getattr(s, name)[first:] for s in sides]) for name in ("entries", "exits"))
        late = [pd.DataFrame(flags, columns=close.columns).vbt.signals.fshift(1) for flags in (entries, exits)]
        portfolio = vbt.Portfolio.from_signals(
            close, *late, price=open, fees=5e-4, slippage=3e-4, init_cash=100_000 / 3, size=np.inf, freq="1D",
            direction="longonly", engine="rust", group_by=np.zeros(3, dtype=int), cash_sharing=False,
        )  # fmt: skip
        equity = portfolio.value().to_numpy().ravel()
        returns = np.diff(equity) / equity[:-1]
        yearly = np.sqrt(bars[0].slice(first, 600).periods_per_year())
        assert found.total_return[0, place] == pytest.approx(equity[-1] / 100_000 - 1, rel=1e-9)
        assert found.sharpe[0, place] == pytest.approx(returns.mean() / returns.std(ddof=1) * yearly, rel=1e-9)
        deepest = (equity / np.maximum.accumulate(np.maximum(equity, 100_000)) - 1).min()
        assert found.max_drawdown[0, place] == pytest.approx(deepest, rel=1e-9)
        assert found.trades[0, place] == int(np.sum(portfolio.trades.count()))


def of_shares(bars: Bars) -> Bars:
    """``bars`` split two for one halfway, with what is known of it: shares of the day and those traded."""
    before = np.arange(len(bars)) < len(bars) // 2
    return replace(bars, shares=np.where(before, 0.5, 1.0), traded=np.where(before, 500.0, 1000.0))


ASKED: dict[str, tuple[dict[str, Any], list[Any], dict[str, Any]]] = {
    "crossing": (SMA, [FAST, SLOW], {}),
    "signals": ({"kind": "rsi_reversion", "window": 9}, [axis("strategy.window", 3, 12, 3)], {}),
    "holding": ({"kind": "buy_and_hold"}, [axis("stops.stop_loss", 0.02, 0.2, 0.03)], {}),
    "both sides": (SMA, [axis("strategy.slow", 20, 90, 10)], {"direction": "both"}),
    "per share": (
        SMA,
        [axis("strategy.slow", 20, 90, 10)],
        {"costs": {"commission": 0, "slippage": 3, "per_share": 0.01}},
    ),
    "shared cash": (SMA, [axis("strategy.slow", 20, 90, 10)], {"cash": "shared"}),
    "allocation": (
        {"kind": "rotation", "skip": 1, "top": 2, "every": 7},
        [axis("strategy.lookback", 5, 60, 11)],
        {},
    ),
}


@pytest.mark.parametrize("start", [None, "2020-10-01", "2021-06-01"], ids=["all", "before the last", "with a past"])
@pytest.mark.parametrize(("strategy", "axes", "fields"), ASKED.values(), ids=ASKED)
def test_all_is_measured_from_one_day_as_the_run_that_a_cell_opens_as(
    strategy: dict[str, Any], axes: list[Any], fields: dict[str, Any], start: str | None
) -> None:
    """Symbols that begin apart, combinations that warm up for longer or shorter, and bars before the range or none."""
    bars = [of_shares(item) for item in several(700, 330, 512)]
    market = {"symbols": list("ABC"), "start": start}
    found = run(sweep(spec(strategy, "ABC", market=market, **fields), axes), *bars)
    for place in np.random.default_rng(2).integers(0, len(found), 5).tolist():
        asked = found.spec_of(place)
        opened = run_portfolio(asked, {"market": Market(tuple(bars))}, silent)
        assert str(opened.time[0]) == found.first
        assert len(opened.time) - 1 == found.observations[0]
        for name in ("total_return", "sharpe", "max_drawdown", "trades"):
            expected = np.nan if opened.metrics[name] is None else opened.metrics[name]
            np.testing.assert_equal(found.metric(name)[place], expected)
        assert found.place_of(asked) == place
    same_as_runs(found, *bars, count=3)
    if found.parts:
        whole, parts = found.total_return[0], found.total_return[1:]
        np.testing.assert_allclose(parts.mean(axis=0), whole, rtol=1e-9, atol=1e-12)

"""The performance tab: a brushed part, another benchmark, holdings, and values that nobody has sent honestly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from plotly.io.json import to_json_plotly

import engine
from dashboard.charts import equity
from dashboard.charts import holdings as chart
from dashboard.pages.backtest.performance import choice, held
from dashboard.pages.backtest.performance.subject import UNCHANGED, brushed, in_words, subject
from dashboard.pages.backtest.tabs import breakdown, performance, trades
from dashboard.text.metrics import breaks_even
from engine.backtest.reports.holdings import Holdings
from engine.backtest.reports.span import Span, within
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.spec import canonical_json
from engine.jobs import runner
from engine.market.sources.stored import save
from tests.support.market import days, random_walk
from tests.support.shown import words
from tests.support.workspace import Workspace

Data = dict[str, str]


@pytest.fixture
def data(workspace: Workspace) -> Data:
    for seed, name in enumerate(("ONE", "TWO")):
        save(random_walk(400, seed=seed, symbol=name))
    market = {"collection": "made-up", "symbols": ("ONE",), "adjustment": "none"}
    strategy = {"kind": "sma_cross", "fast": 4, "slow": 20}
    spec = BacktestSpec.parse({"market": market, "strategy": strategy, "costs": {"commission": 5, "slippage": 3}})
    engine.run(spec)
    return {"key": runner.run_key(spec), "spec": canonical_json(spec)}


def shown(parts: Any) -> str:
    """All that the page is sent of ``parts``."""
    return to_json_plotly(parts)


def milliseconds(moment: np.datetime64) -> float:
    return float(moment.astype("datetime64[ms]").astype(np.int64))


def part_of(result: BacktestResult, first: int, last: int) -> dict[str, Any]:
    """What the browser holds of a part of ``result``."""
    ends = [milliseconds(result.time[place]) for place in (first, last, 0, -1)]
    return {"range": ends[:2], "of": f"equity {ends[2]:.0f} {ends[3]:.0f}"}


def test_a_part_ends_with_the_range_of_its_run(data: Data) -> None:
    """A zoom of the run before, which another range follows, is none of this one; nor does the chart keep it."""
    whole = subject(data).whole
    part = part_of(whole, 100, 200)
    assert brushed(whole, part) is not None
    shorter = within(whole, Span(50, 300))
    assert brushed(shorter, part) is None
    drawn = [equity.figure(equity.info([item])).layout.uirevision for item in (whole, shorter)]
    assert drawn[0] == part["of"] != drawn[1]


def test_the_list_of_trades_is_that_of_the_part(data: Data) -> None:
    whole = subject(data).whole
    part = part_of(whole, 100, 200)
    _, every, *_ = trades.list_trades(data, None)
    _, found, _, chosen, said, above, is_hidden = trades.list_trades(data, part)
    entered = (whole.trade_entry_time >= whole.time[100]) & (whole.trade_entry_time <= whole.time[200])
    assert 0 < len(found) == int(entered.sum()) < len(every) == len(whole.trade_pnl)
    assert {int(row["id"]) for row in found} == set(np.flatnonzero(entered).tolist())
    assert chosen == found[:1]
    assert (above, is_hidden) == (f"Trades entered {in_words(whole, Span(100, 201))}", False)
    assert f"{len(found)} of {len(every)}, entered {str(whole.days[100])[:10]} to" in said


def test_the_breakdown_is_that_of_the_part(data: Data) -> None:
    whole = subject(data).whole
    of_all, of_part = (breakdown.take_apart(data, span) for span in (None, part_of(whole, 100, 200)))
    entered = (whole.trade_entry_time >= whole.time[100]) & (whole.trade_entry_time <= whole.time[200])
    profits = [f"{total:+,.0f}".replace("-", "\N{MINUS SIGN}")
               for total in (whole.trade_pnl.sum(), whole.trade_pnl[entered].sum())]  # fmt: skip
    assert profits[0] != profits[1]
    assert profits[0] in words(of_all[0])
    assert profits[0] not in words(of_part[0])
    assert profits[1] in words(of_part[0])
    drawn = [sum(len(trace.x) for trace in figures[1].data) // 2 for figures in (of_all, of_part)]
    assert drawn == [len(whole.trade_pnl), int(entered.sum())]
    assert of_part[-2:] == (f"Trades entered {in_words(whole, Span(100, 201))}", False)
    assert of_all[-2:] == ("", True)


def test_a_part_without_trades_says_so_on_the_breakdown(data: Data) -> None:
    groups, *figures, held, middle, _, is_hidden = breakdown.take_apart(data, part_of(subject(data).whole, 1, 5))
    assert (groups, held, middle, is_hidden) == ([], "", "", False)
    assert all("No trade was entered in this part" in shown(figure) for figure in figures)


def test_a_brushed_part_has_figures_of_its_own(data: Data) -> None:
    whole = subject(data)
    chosen = {**UNCHANGED, "brushed": part_of(whole.whole, 100, 200)}
    found = subject(data, chosen)
    assert found.part is not None
    assert len(found.result.time) == 102, "with the close before"
    assert "101 bars" in found.words()
    *cards, said, is_hidden, _, kpis = performance.fill_cards(data, chosen)
    assert (said, is_hidden) == (found.words(), False)
    assert len(cards) == 4
    assert shown(kpis) != shown(performance.fill_cards(data, UNCHANGED)[-1])


@pytest.mark.parametrize(
    "forged", [7, "x", [1], [1, "2"], [float("nan"), 2], [3e20, 4e20], {"a": 1}, [5, 1], [True, None]]
)
def test_what_is_no_part_is_the_whole_run(data: Data, forged: Any) -> None:
    assert subject(data, {**UNCHANGED, "brushed": forged}).part is None
    beside = part_of(subject(data).whole, 100, 200) | {"range": forged}
    assert subject(data, {**UNCHANGED, "brushed": beside}).part is None


@pytest.mark.parametrize("forged", [None, 7, "../etc", ["hold"], {}])
def test_what_is_no_benchmark_is_buy_and_hold(data: Data, forged: Any) -> None:
    assert subject(data, {**UNCHANGED, "benchmark": forged, "symbol": forged}).held == "Buy and hold"


def test_another_benchmark_is_named_wherever_it_is_compared_with(data: Data) -> None:
    other = {**UNCHANGED, "benchmark": "symbol", "symbol": "TWO"}
    found = subject(data, other)
    assert (found.held, found.short, found.problem) == ("TWO", "TWO", "")
    assert "TWO" in shown(performance.fill_cards(data, other)[-1])
    assert "TWO" in [trace.name for trace in performance.rescale(None, other, data)[0].data]
    gone = subject(data, {**other, "symbol": "GONE"})
    assert gone.held == "Buy and hold"
    assert "GONE" in gone.problem
    assert {item["value"] for item in choice.offer("", data, "TWO")} == {"ONE", "TWO"}


def test_holdings_are_those_of_the_part_and_targets_those_of_the_end(data: Data) -> None:
    figure, said, positions, capacity = held.show(data, None)
    assert "1 position" in said
    assert "Cash" in " ".join(words(positions))
    assert "Capacity" in " ".join(words(capacity))
    part, *_ = held.show(data, part_of(subject(data).whole, 100, 200))
    assert len(part.data[0].x) == 101
    assert len(figure.data[0].x) > 101


def test_many_symbols_share_the_last_band() -> None:
    weights = np.tile(np.linspace(0.2, 0.01, 12), (30, 1))
    names = tuple(f"S{place}" for place in range(12))
    found = chart.info(Holdings(days(30), names, weights, weights, weights))
    assert found.names == (*names[:7], "5 others")
    np.testing.assert_allclose(found.weights.sum(axis=1) + found.cash, 1.0)


@pytest.mark.parametrize(
    ("even", "free", "said"),
    [
        (None, False, "beyond 64"),
        (2.345, False, "breaks even at 2.3"),
        (0.0, False, "no profit"),
        (None, True, "no costs"),
    ],
)
def test_the_break_even_is_said(even: float | None, free: bool, said: str) -> None:
    assert said in breaks_even(even, free)

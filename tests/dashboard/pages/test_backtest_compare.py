"""Runs side by side: what is found, what is said about the rest, what the tables mark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from dashboard.pages.backtest import comparison
from dashboard.pages.backtest.comparison import Compared, gather, together
from dashboard.pages.backtest.tabs import compare
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.spec import canonical_json
from engine.jobs import library, runner
from engine.market.sources.stored import save
from tests.support.market import days, random_walk
from tests.support.results import make_result
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


def spec(fast: int = 3, **changes: Any) -> BacktestSpec:
    base = {
        "market": {"collection": "made-up", "symbols": ["TEST"]},
        "strategy": {"kind": "sma_cross", "fast": fast, "slow": 20},
        "costs": {"commission": 5, "slippage": 3},
    }
    return BacktestSpec.parse(base | changes)


def run(fast: int = 3) -> str:
    engine.run(spec(fast))
    return engine.run_key(spec(fast))


@pytest.fixture(autouse=True)
def bars(workspace: Workspace) -> None:
    save(random_walk(200))


def walk(seed: int, count: int = 100, **more: Any) -> BacktestResult:
    return make_result(1000 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, count))), **more)


def made_up(*results: BacktestResult) -> Compared:
    specs = tuple(spec(3 + index) for index in range(len(results)))
    return Compared(tuple(f"{index}" * 64 for index in range(len(results))), specs, results, ())


def texts(component: Any) -> str:
    """Every text in a component, one after the other."""
    if component is None or isinstance(component, str):
        return component or ""
    if isinstance(component, list | tuple):
        return " ".join(map(texts, component))
    return texts(getattr(component, "children", None))


# -- what is compared -----------------------------------------------------------------------------------------------


def test_the_run_on_the_page_comes_first_and_only_once() -> None:
    own, other = run(3), run(4)
    first = (own, spec(3), engine.run(spec(3)))
    found = gather(first, [other, own, other])
    assert found.keys == (own, other)
    assert found.notes == ()
    assert gather(None, [other]).keys == (other,)
    assert gather(None, []).results == ()


@pytest.mark.parametrize("key", ["0" * 64, "../../etc/passwd", "", "x" * 5000])
def test_a_run_that_is_not_here_is_named_in_a_sentence(key: str) -> None:
    found = gather(None, [run(), key])
    assert len(found.results) == 1
    assert len(found.notes) == 1
    assert "was not found" in found.notes[0]
    assert "passwd" not in found.notes[0]


def test_a_result_that_is_gone_is_named_and_what_to_do() -> None:
    key = run()
    runner.store().delete(key)
    assert "run it again" in gather(None, [key]).notes[0]


def test_a_saved_run_of_another_kind_is_not_compared() -> None:
    from engine.core.database import connect

    with connect() as connection:
        connection.execute("INSERT INTO runs VALUES (?, 'market', '', ?, 0, 0)", ("a" * 64, '{"kind": "market"}'))
    assert "was not found" in gather(None, ["a" * 64]).notes[0]


def test_more_runs_than_can_be_told_apart_are_cut_with_a_sentence() -> None:
    found = gather(None, [run(), *(f"{n:064x}" for n in range(20))])
    assert "21 runs are selected; 8 are shown" in found.notes[0]
    assert len(found.notes) == 1 + 7


def test_runs_of_the_same_name_are_told_apart_by_their_keys() -> None:
    found = Compared(("ab" * 32, "cd" * 32, "ef" * 32), (spec(), spec(), spec(9)), (walk(1),) * 3, ())
    assert found.names == ["SMA 3/20, TEST (abab·abab)", "SMA 3/20, TEST (cdcd·cdcd)", "SMA 9/20, TEST"]


# -- what they have in common ---------------------------------------------------------------------------------------


def test_one_run_has_nothing_to_be_combined_with() -> None:
    both = together(made_up(walk(1)), "equal", "never")
    assert (both.shared, both.combined, both.notes) == (None, None, ())


def test_runs_on_the_same_bars_need_no_words() -> None:
    both = together(made_up(walk(1), walk(2)), "equal", "monthly")
    assert both.notes == ()
    assert both.combined is not None


def test_another_range_is_said_with_the_bars_that_both_have() -> None:
    both = together(made_up(walk(1), walk(2, 60, time=days(100)[40:])), "equal", "never")
    assert both.notes[0].startswith("The runs cover different ranges")
    assert "60 common bars" in both.notes[0]


def test_another_calendar_is_said() -> None:
    every = walk(1, 400)
    fewer = np.concatenate((days(400)[:1], days(400)[1:-1:3], days(400)[-1:]))
    both = together(made_up(every, walk(2, len(fewer), time=fewer)), "equal", "never")
    assert "different calendars" in both.notes[0]


def test_currencies_cannot_be_combined_and_are_still_correlated() -> None:
    both = together(made_up(walk(1), walk(2, currency="EUR")), "equal", "never")
    assert both.shared is not None
    assert both.combined is None
    assert "EUR and USD" in both.notes[0]


def test_runs_without_common_bars_are_neither_correlated_nor_combined() -> None:
    both = together(made_up(walk(1), walk(2, time=days(100, "2031-01-01"))), "equal", "never")
    assert (both.shared, both.combined) == (None, None)
    assert "no bar in common" in both.notes[0]


def test_weights_that_know_the_future_have_look_ahead_bias() -> None:
    pair = made_up(walk(1), walk(2))
    assert "look-ahead bias" in together(pair, "inverse_volatility", "never").notes[0]
    assert together(pair, "inverse_volatility", "monthly").notes == ()


# -- tables ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("sharpe", [1.0, 2.0, None], {1}),
        ("max_drawdown", [-0.3, -0.1], {1}),
        ("volatility", [0.2, 0.1, 0.1], {1, 2}),
        ("trades", [1, 2], set()),
        ("cagr", [0.1, 0.1], set()),
        ("calmar", [None, None], set()),
    ],
)
def test_the_best_is_marked_where_better_means_something(name: str, values: list[Any], best: set[int]) -> None:
    assert comparison._best(name, values) == best


def test_every_metric_knows_whether_more_is_better() -> None:
    from engine.backtest.metrics import METRICS

    assert {*comparison.HIGHER, *comparison.LOWER} <= set(METRICS)


def test_figures_have_a_column_for_each_run_the_portfolio_and_holding() -> None:
    pair = made_up(walk(1), walk(2))
    shown = " ".join(texts(comparison.metric_table(pair, together(pair, "equal", "never"))).split())
    held = f"Buy and hold, {', '.join(pair.results[0].symbols)}"
    assert f"SMA 3/20, TEST SMA 4/20, TEST Combined {held} " in shown
    assert "best" in shown
    drawn = comparison.curves(pair, together(pair, "equal", "never"))
    assert drawn.held is not None
    assert drawn.held.label == held, "what has a column has a line"
    assert drawn.held.growth[-1] == pytest.approx(pair.results[0].benchmark[-1] / pair.results[0].benchmark[0])


def test_differences_are_those_of_the_specs() -> None:
    shown = texts(comparison.spec_differences(made_up(walk(1), walk(2))))
    assert "Fast window" in shown
    assert "3 bars 4 bars" in shown
    same = Compared(("a" * 64, "b" * 64), (spec(), spec()), (walk(1), walk(2)), ())
    assert "requests are the same" in texts(comparison.spec_differences(same))


# -- the tab --------------------------------------------------------------------------------------------------------


def data_of(fast: int) -> dict[str, str]:
    key = run(fast)
    return {"key": key, "spec": canonical_json(spec(fast))}


def test_without_a_run_and_a_choice_the_tab_says_what_to_do() -> None:
    answer = compare.compare(None, [], "equal", "never")
    assert answer[0] == {"empty": compare.NOTHING}


def test_saved_runs_are_compared_without_a_run_on_the_page() -> None:
    drawn, notes, *_ = compare.compare(None, [run(3), run(4)], "equal", "monthly")
    assert [trace.name for trace in drawn.data][::2] == [
        "Buy and hold, TEST", "SMA 3/20, TEST", "SMA 4/20, TEST", "Combined",
    ]  # fmt: skip
    assert notes == []


def test_one_run_says_what_a_second_would_show() -> None:
    _, _, _, marked, _, matrix, sub, portfolio = compare.compare(None, [run(3)], "equal", "never")
    assert (matrix, sub) == ({"empty": compare.ONE}, "")
    assert marked == "hover for the definition"
    assert "best value of each row is marked" in compare.compare(None, [run(3), run(4)], "equal", "never")[3]
    assert texts(portfolio) == "Add another run above to combine the two."


def test_runs_of_different_times_say_where_the_reason_stands() -> None:
    apart = made_up(walk(1), replace(walk(2), time=walk(2).time + np.timedelta64(9_000, "D")))
    both = together(apart, "equal", "never")
    assert both.notes
    assert compare.matrix(apart, both) == ({"empty": compare.APART}, "")
    assert "cannot form a portfolio" in texts(comparison.portfolio(apart, both))


@pytest.mark.parametrize("forged", [None, 7, "abc", [1, None, {}], {"a": 1}])
def test_what_is_no_list_of_keys_is_no_choice(forged: Any) -> None:
    answer = compare.compare(None, forged, "gold", ["x"])
    assert answer[0] == {"empty": compare.NOTHING}
    assert compare.how("gold", None) == ("equal", "never")


def test_the_list_offers_saved_runs_and_keeps_what_is_chosen() -> None:
    data, other = data_of(3), run(4)
    gone = run(5)
    library.delete(gone)
    options, value = compare.offer(data, [gone, "0" * 64, data["key"]])
    offered = {option["value"]: option["label"] for option in options}
    assert set(offered) == {data["key"], other, gone, "0" * 64}
    assert offered["0" * 64] == "not found"
    assert value == [gone, "0" * 64, data["key"]]
    assert compare.offer(data, [])[1] == [data["key"]], "the run on the page, which is all that is shown"


def test_what_was_ticked_is_compared_and_nothing_else() -> None:
    data, keys = data_of(3), [run(4), run(5)]
    names = [trace.name for trace in compare.compare(data, keys, "equal", "never")[0].data][::2]
    assert names == ["Buy and hold, TEST", "SMA 4/20, TEST", "SMA 5/20, TEST", "Combined"]
    alone = [trace.name for trace in compare.compare(data, [], "equal", "never")[0].data][::2]
    assert alone == ["Buy and hold, TEST", "SMA 3/20, TEST"]


def test_a_link_names_its_own_run_before_there_is_one() -> None:
    data, other = data_of(3), run(4)
    names = [trace.name for trace in compare.compare(data, ["here", other], "equal", "never")[0].data][::2]
    assert names == ["Buy and hold, TEST", "SMA 3/20, TEST", "SMA 4/20, TEST", "Combined"]
    assert compare.offer(data, ["here", other])[1] == [data["key"], other]
    assert compare.offer(None, ["here", other])[1] == [other]

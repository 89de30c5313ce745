"""The backtest page's performance, trades and breakdown: what its callbacks answer."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from dash import html
from dash.exceptions import PreventUpdate

import engine
from dashboard import runs
from dashboard.charts import histograms, rolling
from dashboard.components import table
from dashboard.components.bar_table import Bar, bar_table
from dashboard.pages.backtest import csv_files, view
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tabs import breakdown, performance, trades
from dashboard.pages.backtest.tabs.trades import chosen_trade
from dashboard.pages.backtest.trade_list import ALL, COLUMNS, LATEST, columns, describe, listed, rows
from dashboard.text.metrics import metric_text
from engine.backtest.costs import Costs
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.code import other_code
from tests.support.market import make_bars, random_walk
from tests.support.results import make_result, trade
from tests.support.shown import words
from tests.support.workspace import Workspace

SPEC = BacktestSpec(strategy=SmaCross(fast=20, slow=60), costs=Costs(commission=5, slippage=3))
TRADES = [
    trade("2020-01-03", "2020-01-10", 100, reason="signal"),
    trade("2020-02-06", "2020-02-08", -50, side=-1, reason="stop loss", symbol=1, ambiguous=True),
    trade("2020-03-06", "2020-03-19", 5, reason="still open", open=True),
]


@pytest.fixture
def stored(workspace: Workspace) -> dict[str, str]:
    """What the page's result store holds after a run."""
    engine.run(SPEC)
    return {"key": engine.run_key(SPEC), "spec": canonical_json(SPEC)}


def made() -> BacktestResult:
    return make_result(np.linspace(100, 120, 80), TRADES)


def test_rows_have_a_value_for_every_column() -> None:
    listed = rows(made(), 10)
    assert [row["id"] for row in listed] == ["2", "1", "0"]
    assert all({column.field for column in COLUMNS} <= set(row) for row in listed)
    assert [row["exit"] for row in listed] == ["open", "2020-02-08", "2020-01-10"]
    assert [row["side"] for row in listed] == ["Long", "Short", "Long"]
    assert [row["ambiguous"] for row in listed] == ["", "yes", ""]
    assert len(rows(made(), 2)) == 2


def test_columns_have_room_for_hours_and_for_small_prices() -> None:
    hours = np.datetime64("2020-01-01T00", "ms") + np.arange(80) * np.timedelta64(1, "h")
    cheap = [trade("2020-01-02T05:00", "2020-01-03T09:00", 1, entry_price=1.1875)]
    within = make_result(np.linspace(100, 120, 80), cheap, time=hours)
    found = {item["field"]: item for item in columns(within)}
    assert found["entry"]["minWidth"] > {item["field"]: item for item in columns(made())}["entry"]["minWidth"]
    assert "params.data.decimals" in found["entry_price"]["valueFormatter"]["function"]
    assert [rows(result, 1)[0]["decimals"] for result in (within, made())] == [4, 2]
    assert [item["field"] for item in columns(within, LATEST)] == ["symbol", "entry", "bars", "return"]
    assert len(columns(made(), LATEST)) == 5


def test_what_all_trades_share_has_no_column_and_is_said_beside_the_table() -> None:
    shown = [item["field"] for item in columns(made())]
    assert {"symbol", "side", "ambiguous"} <= set(shown)
    assert listed(made()).startswith("profit in")
    alone = make_result(np.linspace(100, 120, 80), [trade("2020-01-03", "2020-01-10", 100)], symbols=("AAA",))
    assert {"symbol", "side", "ambiguous"}.isdisjoint(item["field"] for item in columns(alone))
    assert listed(alone).startswith("AAA long; profit in")
    assert listed(made(), 2).startswith("latest 2 of 3, all in the CSV; ")


def test_the_trades_of_one_symbol_fit_a_screen_of_1440_pixels() -> None:
    alone = make_result(np.linspace(100, 120, 80), [trade("2020-01-03", "2020-01-10", 100)], symbols=("AAA",))
    assert sum(item["minWidth"] for item in columns(alone)) <= 1024


def test_a_trade_is_told_in_words() -> None:
    told = "".join(words(list(describe(made(), 1))))
    assert told == "2 of 3, BBB short, \u22125.00%, stop loss, 2020-02-06 to 2020-02-08, 5 bars"
    assert "".join(words(list(describe(made(), 2)))).endswith("+0.50%, open since 2020-03-06, 5 bars")


@pytest.mark.parametrize(
    "chosen",
    [None, [], [None], ["1"], [{"id": 1}], [{"id": "3"}], [{"id": "-1"}], [{"id": "1e1"}], [{}], "1", {"id": "1"},
     [{"id": "9" * 30}], [{"id": "\u00b2"}]],
)  # fmt: skip
def test_a_forged_selection_draws_nothing(chosen: Any) -> None:
    with pytest.raises(PreventUpdate):
        chosen_trade(chosen, 3)


def test_the_chosen_trade_is_the_one_in_the_row() -> None:
    assert chosen_trade([{"id": "2"}], 3) == 2


def test_the_first_answer_has_all_that_is_in_sight(stored: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance.shell, "show_context", lambda *_, **__: None)
    cells, verdict, figure, _ = performance.draw(stored, None)
    assert len(list(words(cells))) == 3 * 8
    assert "".join(words(verdict))
    assert next(item.name for item in figure.data) == "Before costs"


def test_grave_findings_on_the_bars_come_first_and_stand_in_the_header(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(performance.shell, "show_context", lambda crumbs, chips: shown.extend(chips))
    scale = np.where((np.arange(400) >= 250) & (np.arange(400) < 260), 100.0, 1.0)
    save(make_bars(random_walk(400).close * scale))
    spec = SPEC.model_copy(update={"market": MarketSpec(collection="made-up", symbols=("TEST",))})
    engine.run(spec)
    _, verdict, *_ = performance.draw({"key": engine.run_key(spec), "spec": canonical_json(spec)}, None)
    notes = "".join(words(verdict)).partition("Notes")[2]
    assert notes.startswith("Data quality of TEST: 10 bars in 1 block are a hundred times the others")
    assert [(chip.text, chip.tone) for chip in shown][1:2] == [("bars: grave findings", "bad")]


def test_another_result_of_the_same_request_is_told(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performance.shell, "show_context", lambda *_, **__: None)
    spec = SPEC.model_copy(update={"market": MarketSpec(collection="made-up", symbols=("TEST",))})

    def told() -> list[Any]:
        engine.run(spec)
        return list(performance.draw({"key": engine.run_key(spec), "spec": canonical_json(spec)}, None)[3])

    save(random_walk(300))
    assert told() == []
    old = engine.run_key(spec)
    then = engine.run(spec).metrics["sharpe"]
    save(random_walk(300, seed=3))
    said, link, *_ = told()  # the bars were restated, so that more follows
    now, text = engine.run(spec).metrics["sharpe"], "".join(words(said))
    assert " with different data: CAGR " in text
    assert f"Sharpe {metric_text('sharpe', then)} then, {metric_text('sharpe', now)} now" in text
    assert link.href.endswith(f"&compare=here,{old}")
    other_code(monkeypatch)
    assert " with another version of the code: its key metrics are the same." in "".join(words(told()[0]))
    monkeypatch.setattr("engine.core.libraries.versions", lambda packages: {"numpy": "99"})
    assert " with other library versions: its key metrics are the same." in "".join(words(told()[0]))


def test_what_lies_below_is_drawn_while_the_tab_is_in_sight(stored: dict[str, str]) -> None:
    _, latest, years, size, _, months, returns, said = performance.draw_below(stored)
    assert 1 <= len(latest) <= performance.SHOWN
    assert "2023" in list(words(years))
    assert size == {"height": 30 + 11 * 26}
    assert (len(months.data), len(returns.data)) == (2, 2)
    assert said.endswith("in the market")


@pytest.mark.parametrize(
    ("window", "shown"), [("3m", "3m"), ("6m", "6m"), ("1y", "1y"), (None, "6m"), ("forged", "6m"), ([], "6m")]
)
def test_windows(stored: dict[str, str], window: Any, shown: str) -> None:
    *sizes, figure, said, options, value = performance.roll(stored, window)
    assert len(figure.data) == 6
    assert sizes == [{"height": 430}] * 2
    assert said.startswith(f"window of {rolling.WINDOWS[shown][0]}, ")
    assert value == shown
    assert not any(option["disabled"] for option in options)


def ended(end: date) -> dict[str, str]:
    """A run from the start of 2013."""
    spec = SPEC.model_copy(update={"market": MarketSpec(end=end), "strategy": SmaCross(fast=2, slow=5)})
    engine.run(spec)
    return {"key": engine.run_key(spec), "spec": canonical_json(spec)}


@pytest.mark.parametrize(("window", "shown"), [(None, "1m"), ("3m", "3m"), ("1y", "1m")])
def test_a_short_run_has_a_window_that_it_fills(workspace: Workspace, window: str | None, shown: str) -> None:
    *_, said, options, value = performance.roll(ended(date(2013, 5, 1)), window)
    assert value == shown
    assert said.startswith(f"window of {rolling.WINDOWS[shown][0]}, ")
    assert [option["value"] for option in options if option["disabled"]] == ["6m", "1y"]


def test_a_run_without_a_window_takes_little_room(workspace: Workspace) -> None:
    low, body, empty, said, options, value = performance.roll(ended(date(2013, 1, 18)), "6m")
    assert (low, body, said) == ({"height": 120}, {"height": 120}, "")
    assert "This run is shorter than 1 month: too short for any rolling window." in str(empty)
    assert all(option["disabled"] for option in options)
    assert value is None


def test_the_newest_trade_is_drawn_first(stored: dict[str, str]) -> None:
    _, listed, _, chosen, said, *_ = trades.list_trades(stored)
    assert said == "NVDA long; profit in USD, prices after slippage"
    assert chosen == listed[:1]
    figure, said = trades.show(chosen, stored)
    assert {"NVDA", "Entry"} <= {item.name for item in figure.data}
    assert said[0].startswith(f"{len(listed)} of {len(listed)}, NVDA long, ")


def test_trades_are_taken_apart(stored: dict[str, str]) -> None:
    groups, *figures, held, median, said_part, is_hidden = breakdown.take_apart(stored)
    said = list(words(groups))
    assert {"By symbol", "By side", "By exit reason", "By weekday", "By month", "Signal"} <= set(said)
    assert "By hour" not in said
    assert [len(figure.data) for figure in figures] == [4, 2, 2]
    assert held.startswith("median ")
    assert median.endswith("%")
    assert (said_part, is_hidden) == ("", True)


def test_the_groups_stand_in_two_columns_of_equal_height() -> None:
    sizes = [1, 1, 2, 5, 12]  # one symbol: the months are longer than half of the rest
    left, right = (column.children for column in breakdown.packed([(n, html.P(str(n))) for n in sizes]))
    heights = [sum(int(card.children) + 3 for card in column) for column in (left, right)]
    assert sorted(int(card.children) for card in [*left, *right]) == sizes
    assert left[0].children == "1"
    assert abs(heights[0] - heights[1]) <= 3


def test_a_table_is_as_tall_as_its_trades_up_to_a_limit(stored: dict[str, str]) -> None:
    heights = [table.fitting(rows, trades.TALL)["height"] for rows in (0, 2, 3, 12, 13, 5_000)]
    assert heights[1] < heights[2] < heights[3] <= heights[4] == heights[5] == trades.TALL
    assert heights[0] == heights[1]  # room for the sentence
    _, listed, style, *_ = trades.list_trades(stored)
    assert style == table.fitting(len(listed), trades.TALL)


def test_a_table_does_not_say_that_it_is_empty_before_it_was_filled() -> None:
    assert table.table("t", []).rowData is None
    assert table.table("t", [], rows=[]).rowData == []


def test_bars_stand_in_a_column_of_their_own() -> None:
    lines = [["a", Bar("+1", 1.0), "x"], ["b", Bar("-1,000", -1.0), "y"]]
    drawn = bar_table([("", ""), ("Profit", ""), ("Mean", "")], lines).children
    head, body = drawn.children
    assert [getattr(cell, "colSpan", None) for cell in head.children.children] == [None, 2, None]
    assert [[type(cell.children) is html.Div for cell in row.children] for row in body.children] == [
        [False, True, False, False]
    ] * 2


def test_a_count_of_trades_has_no_ticks_between_whole_numbers(stored: dict[str, str]) -> None:
    info = histograms.holding_info(runs.opened(stored, BacktestSpec)[1])
    few, many = replace(info, won=info.won * 0 + 2, lost=info.lost * 0 + 1), replace(info, won=info.won * 0 + 9)
    assert histograms.holding_figure(few).layout.yaxis.dtick == 1
    assert histograms.holding_figure(many).layout.yaxis.dtick is None


def test_a_run_without_trades_says_so(workspace: Workspace) -> None:
    first_days = MarketSpec(end=date(2013, 6, 5))
    idle = SPEC.model_copy(update={"market": first_days, "strategy": SmaCross(fast=10, slow=100)})
    assert not len(engine.run(idle).trade_pnl)
    data = {"key": engine.run_key(idle), "spec": canonical_json(idle)}
    assert [trades.list_trades(data)[place] for place in (1, 3)] == [[], []]
    figure, said = trades.show([], data)
    assert (list(figure), said) == (["empty"], "")
    _, *figures, held, median, _, _ = breakdown.take_apart(data)
    assert [list(item) for item in figures] == [["empty"]] * 3
    assert (held, median) == ("", "")
    _, latest, *_, returns, said = performance.draw_below(data)
    assert (latest, list(returns), said) == ([], ["empty"], "")


def test_a_table_that_has_not_all_trades_says_so_and_the_file_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    days = np.datetime64("2000-01-01") + np.arange(ALL + 1)
    result = make_result(np.linspace(100, 120, 80), [trade(str(day), str(day + 1), 1) for day in days])
    monkeypatch.setattr(trades.runs, "opened", lambda *_: (None, result))
    _, found, _, _, said, *_ = trades.list_trades(None)
    assert (len(found), said) == (
        5_000,
        "latest 5,000 of 5,001, all in the CSV; long; profit in USD, prices after slippage",
    )
    assert (found[0]["id"], found[-1]["id"]) == ("5000", "1"), "the newest first, the oldest left out"
    text = csv_files.download(result, "trades", "0" * 64)["content"]
    assert len(list(csv.reader(io.StringIO(text)))) == ALL + 1 + 1


def test_files_have_a_line_for_every_trade_and_bar() -> None:
    result = made()
    for what, lines in (("trades", 3), ("equity", 80)):
        file = csv_files.download(result, what, "0123456789abcdef")
        assert file["filename"] == f"stratoscope-made-up-01234567-{what}.csv"
        assert len(list(csv.reader(io.StringIO(file["content"])))) == lines + 1


def test_years_are_listed_with_the_latest_first() -> None:
    listed = list(words(view.years(performance.yearly(make_result(np.linspace(100, 120, 500))))))
    assert [text for text in listed if text in ("2020", "2021")] == ["2021", "2020"]


@pytest.mark.usefixtures("workspace")
def test_a_strategy_follows_one_of_the_runs_that_are_stored() -> None:
    """And one that a permalink names, whether it has been run or not."""
    offer = FORM.offers()["strategy.model"]
    assert offer({}) == []
    named = ModelSpec(seed=7)
    values = {"strategy": {"kind": "follow_model", "model": named.model_dump(mode="json")}}
    assert offer(values) == [(canonical_json(named), named.label())]

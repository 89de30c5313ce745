"""The numbers of the charts that take a run apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.charts import base, distribution, excursions, histograms, monthly, rolling
from engine.backtest.result import BacktestResult
from tests.support.results import make_result, trade


def long_run(count: int = 1600, **more: Any) -> BacktestResult:
    """Four and a half years of business days; the strategy is in the market every other quarter."""
    random = np.random.default_rng(2)
    market = random.normal(0.0005, 0.012, count)
    inside = (np.arange(count) // 60) % 2
    time = pd.bdate_range("2018-01-02", periods=count).to_numpy("datetime64[ms]")
    equity, benchmark = (1000 * np.cumprod(1 + item) for item in (market * inside, market))
    known = {"capital": 1000.0, "exposure": inside.astype(float), "benchmark": benchmark, "time": time}
    return make_result(equity, **{**known, **more})


def traded(count: int = 300) -> BacktestResult:
    random = np.random.default_rng(4)
    start = np.datetime64("2019-01-01", "D")
    trades = [
        trade(
            str(start + index), str(start + index + 9), float(random.normal(5, 40)), bars=int(random.integers(1, 90)),
            mae=-float(random.uniform(0, 0.1)), mfe=float(random.uniform(0, 0.2)), symbol=index % 2,
        )
        for index in range(count)
    ]  # fmt: skip
    return make_result(np.linspace(100, 130, 500), trades)


def values(line: rolling.Line) -> np.ndarray:
    return line.value[np.isfinite(line.value)]


@pytest.mark.parametrize(("name", "part"), [("3m", 0.25), ("6m", 0.5), ("1y", 1.0)])
def test_a_window_is_a_part_of_the_bars_of_a_year(name: str, part: float) -> None:
    result = long_run()
    info = rolling.info(result, name)
    assert info.bars == round(part * result.periods_per_year)
    returns = pd.Series(result.returns())
    spread = returns.rolling(info.bars).std() * result.periods_per_year**0.5
    assert values(info.volatility)[-1] == pytest.approx(spread.iloc[-1])
    assert values(info.volatility).max() == pytest.approx(spread.max())
    assert values(info.hold_volatility)[-1] == pytest.approx(
        pd.Series(result.benchmark).pct_change().rolling(info.bars).std().iloc[-1] * result.periods_per_year**0.5
    )
    assert len(info.sharpe.time) == len(info.sharpe.value) < len(result.time)


def test_an_unknown_window_is_the_usual_one() -> None:
    assert rolling.info(long_run(), "7d").window == "6 months"


def test_time_out_of_the_market_leaves_a_gap_in_the_sharpe_ratio() -> None:
    info = rolling.info(long_run(), "3m")
    flat = long_run(exposure=np.zeros(1600), capital=1000.0)
    assert np.isfinite(values(info.sharpe)).all()
    still = rolling.info(make_result(np.full(600, 100.0), time=flat.time[:600]), "3m")
    assert not len(values(still.sharpe))
    assert values(still.volatility).max() == 0


def test_a_run_shorter_than_the_window_is_empty() -> None:
    short = long_run(100)
    assert rolling.info(short, "1y").is_empty()
    assert not rolling.info(short, "3m").is_empty()


def test_a_run_begins_with_a_window_that_it_has_two_of() -> None:
    bars = {name: rolling.info(long_run(), name).bars for name in rolling.WINDOWS}
    for name, count in bars.items():
        assert (name in rolling.filled(long_run(count + 1)), name in rolling.filled(long_run(count))) == (True, False)
    assert rolling.default_window(long_run(1600)) == "6m"
    assert rolling.default_window(long_run(2 * bars["6m"] + 1)) == "6m"
    assert rolling.default_window(long_run(2 * bars["6m"])) == "3m"
    assert rolling.default_window(long_run(2 * bars["3m"])) == rolling.default_window(long_run(bars["1m"])) == "1m"


def test_the_panes_stand_under_their_names() -> None:
    figure: Any = rolling.figure(rolling.info(long_run()))
    tops = [axis.domain[1] for axis in (figure.layout[name] for name in ("yaxis", "yaxis2", "yaxis3", "yaxis4"))]
    assert [note.text for note in figure.layout.annotations] == [
        "Sharpe", "Volatility", "Beta to buy and hold", "Exposure",
    ]  # fmt: skip
    assert [note.y for note in figure.layout.annotations] == pytest.approx(tops)
    assert figure.layout.yaxis4.domain[0] == pytest.approx(0)


def test_months_are_percentages_and_the_year_stands_apart() -> None:
    result = long_run()
    info = monthly.info(result)
    assert info.years[0] == "2018"
    ends = pd.Series(result.equity, index=pd.DatetimeIndex(result.time)).resample("ME").last()
    assert info.months[0, 1] == pytest.approx(100 * (ends.iloc[1] / ends.iloc[0] - 1))
    assert info.months[0, 0] == pytest.approx(100 * (ends.iloc[0] / result.capital - 1))
    figure: Any = monthly.figure(info)
    months, years = figure.data
    assert (np.shape(months.z), np.shape(years.z)) == ((len(info.years), 12), (len(info.years), 1))
    assert (months.zmin, months.zmax) == (-info.full, info.full)


def test_rows_are_of_one_height_and_lower_where_there_are_many() -> None:
    def row(years: int) -> float:
        time = (np.datetime64("1950-01-31", "D") + 365 * np.arange(years)).astype("datetime64[ms]")
        info = monthly.info(make_result(np.linspace(100, 900, years), time=time))
        return (monthly.height(info) - 30) / len(info.years)

    assert row(2) == row(5) == row(12) == 26
    assert 26 > row(13) > row(20) >= 16
    assert monthly.height(monthly.info(long_run(200))) == 56


def test_a_month_reads_as_every_other_number_does() -> None:
    time = np.arange("2020-02-03", "2021-04-01", dtype="datetime64[D]").astype("datetime64[ms]")
    info = monthly.info(make_result(np.linspace(100, 80, len(time)), time=time))
    figure: Any = monthly.figure(info)
    assert figure.data[0].text[0][0] == "", "January came before the first bar"
    assert figure.data[0].text[0][1] == f"\N{MINUS SIGN}{abs(info.months[0, 1]):.1f}"
    assert figure.data[1].text[1][0] == f"\N{MINUS SIGN}{abs(info.totals[1]):.1f}"


def test_numbers_that_are_wide_are_printed_smaller() -> None:
    time = np.array(["2020-01-31", "2020-02-28", "2020-03-31"], dtype="datetime64[ms]")
    sizes = [
        monthly.figure(monthly.info(make_result([100.0, 99.0, last], time=time))).data[0].textfont.size
        for last in (95.0, 80.0)
    ]
    assert sizes == [10, 9]


def test_many_years_are_drawn_without_words() -> None:
    time = (np.datetime64("1950-01-31", "D") + 30 * np.arange(900)).astype("datetime64[ms]")
    figure: Any = monthly.figure(monthly.info(make_result(np.linspace(100, 900, 900), time=time)))
    assert figure.data[0].texttemplate is None


def test_bars_without_a_position_are_not_in_the_histogram() -> None:
    result = long_run()
    info = distribution.info(result)
    assert info.total == 1599
    assert info.drawn == info.counts.sum() < 900
    assert info.value_at_risk == pytest.approx(np.quantile(result.returns(), 0.05))
    figure: Any = distribution.figure(info)
    assert [shape.x0 for shape in figure.layout.shapes] == [info.shortfall, info.value_at_risk, info.mean]
    assert [note.text.rsplit(" ", 1)[0] for note in figure.layout.annotations] == [
        "expected shortfall",
        "VaR 95%",
        "mean",
    ]


def test_the_words_at_a_return_cover_neither_the_axis_nor_another_line() -> None:
    figure: Any = distribution.figure(distribution.info(long_run()))
    notes, lines = figure.layout.annotations, figure.layout.shapes
    assert {note.xanchor for note in notes} == {"left"}, "the axis is left of all of them"
    letters = 14 / 228  # of the height that is drawn in
    for place, note in enumerate(notes):
        assert [line.y1 <= note.y - letters for line in lines[place + 1 :] if line.x0 > note.x] == [True] * (2 - place)


def test_excursions_are_sizes_and_split_by_what_came_of_them() -> None:
    result = traded()
    info = excursions.info(result)
    assert (info.adverse >= 0).all()
    assert (info.favourable >= 0).all()
    assert info.label[3] == "BBB 2019-01-04"
    figure: Any = excursions.figure(info)
    assert len(figure.data[0].x) + len(figure.data[1].x) == info.total == 300
    assert (np.array(figure.data[0].y) > 0).all()


def test_of_many_trades_the_extremes_are_drawn() -> None:
    result = traded(5000)
    info = excursions.info(result)
    assert len(info.returned) <= excursions.MAXIMUM_POINTS
    assert info.total == 5000
    assert (info.returned.min(), info.returned.max()) == (result.trade_return.min(), result.trade_return.max())


def test_every_trade_is_in_a_bin_of_whole_bars() -> None:
    result = traded()
    info = histograms.holding_info(result)
    assert info.won.sum() + info.lost.sum() == 300
    assert info.won.sum() == (result.trade_pnl > 0).sum()
    assert (np.diff(info.edges) == np.diff(info.edges)[0]).all()
    assert (info.edges % 1 == 0.5).all()
    assert len(info.won) <= histograms.BINS + 1
    assert info.middle == np.median(result.trade_bars)


def test_winners_and_losers_meet_at_a_bins_edge() -> None:
    info = histograms.profit_info(traded())
    assert 0.0 in info.edges.round(12)
    middle = (info.edges[1:] + info.edges[:-1]) / 2
    assert info.won[middle < 0].sum() == 0
    assert info.won.sum() + info.lost.sum() == 300


@pytest.mark.parametrize("pnl", [12.0, -3.0, 0.0])
def test_one_trade_has_histograms_too(pnl: float) -> None:
    result = make_result([100.0, 101.0, 102.0], [trade("2020-01-01", "2020-01-02", pnl)])
    for info in (histograms.holding_info(result), histograms.profit_info(result)):
        assert info.won.sum() + info.lost.sum() == 1
    assert len(excursions.info(result).returned) == 1
    figure: Any = histograms.profit_figure(histograms.profit_info(result))
    assert [bars.marker.color for bars in figure.data] == [base.tint(base.GAIN, 75), base.tint(base.LOSS, 75)]


def test_an_account_that_was_ruined_is_drawn() -> None:
    equity = np.concatenate((np.linspace(100, 10, 300), np.zeros(200)))
    result = make_result(equity, benchmark=np.linspace(100, 120, 500))
    assert not rolling.info(result, "3m").is_empty()
    assert np.isfinite(monthly.info(result).totals).all()
    assert distribution.info(result).total == 499

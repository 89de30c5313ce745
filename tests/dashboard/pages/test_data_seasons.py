"""The tabs of seasons and drawdowns: what they draw and say of a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from quantstats import stats as quantstats

import engine
from dashboard.pages.data.tabs import drawdowns, seasons
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars
from tests.support.side_jobs import answered


def viewed(symbol: str, **more: Any) -> Any:
    spec = MarketSpec(symbols=(symbol,), **more)
    engine.run(spec)
    return {"key": "k", "spec": canonical_json(spec), "symbol": symbol}


def decomposed(asked: Any, season: str) -> tuple[Any, str, str]:
    """What the tab draws and says once the job is done, if there is one."""
    waiting = seasons.ask(asked, season)
    if waiting[0].get("waits"):
        assert seasons.draw_decomposition(waiting[0]) == (None, "", "")
    return seasons.draw_decomposition(answered(waiting))


def averaged(asked: Any) -> tuple[Any, ...]:
    """The same of the averages by calendar."""
    return seasons.draw(answered(seasons.ask_averages(asked)))


def closes() -> pd.Series:
    bars = engine.run(MarketSpec(symbols=("NVDA",))).bars[0]
    return pd.Series(bars.close, index=pd.to_datetime(bars.time))


def test_drawdowns_are_those_of_quantstats() -> None:
    fallen, said, rows, *_ = drawdowns.draw(viewed("NVDA"))
    series = closes()
    under = quantstats.to_drawdown_series(series.pct_change().fillna(0.0))
    assert min(fallen.data[0].y) == pytest.approx(under.min(), rel=1e-5)
    expected = quantstats.drawdown_details(under).sort_values("max drawdown").head(10)
    np.testing.assert_allclose([100 * row["depth"] for row in rows], expected["max drawdown"], atol=1e-9)
    assert [row["bottom"] for row in rows] == expected["valley"].astype(str).str[:10].tolist()
    assert rows[8]["end"] == "not yet"
    assert rows[8]["days_up"] is None
    assert said.startswith("\N{MINUS SIGN}16.89% now · 89% of bars below")


def test_months_and_extremes_are_those_of_pandas() -> None:
    *_, size, _, months, extremes = drawdowns.draw(viewed("NVDA"))
    series = closes()
    expected = series.resample("ME").last().pct_change().iloc[1:12]
    np.testing.assert_allclose(months.data[0].z[0][1:], 100 * expected, rtol=1e-5)
    assert size["height"] > 200
    returns = series.pct_change().dropna()
    assert [row["best"] for row in extremes] == pytest.approx(returns.nlargest(10).tolist())
    assert [row["worst_time"] for row in extremes] == returns.nsmallest(10).index.strftime("%Y-%m-%d").tolist()


@pytest.mark.parametrize("close", [[5.0], [5.0] * 900, [-5.0] * 900, [np.nan, 5.0, np.nan]])
def test_what_has_no_returns_gets_a_sentence_in_each_card(close: list[float]) -> None:
    save(make_bars(close, symbol="BAD"))
    asked = viewed("BAD", collection="made-up", adjustment="none")
    fallen, _, rows, _, _, months, extremes = drawdowns.draw(asked)
    assert "BAD" in fallen["empty"]
    assert (months, rows, extremes) == (fallen, [], [])
    *figures, _, _, _, _, said = averaged(asked)
    assert all(figure["empty"] for figure in figures)
    assert said.startswith("There are too few returns")
    assert "BAD" in decomposed(asked, "year")[0]["empty"]


def test_a_price_with_gaps_falls_between_its_closes() -> None:
    save(make_bars([100.0, np.nan, 50.0, 0.0, 80.0], symbol="GAPS"))
    _, said, rows, *_ = drawdowns.draw(viewed("GAPS", collection="made-up", adjustment="none"))
    assert [(row["depth"], row["start"], row["bottom"]) for row in rows] == [(-0.5, "2020-01-01", "2020-01-03")]
    assert said == "\N{MINUS SIGN}20.00% now · 67% of bars below an earlier close · 1 drawdown"


def test_a_price_that_only_rises_has_no_drawdown() -> None:
    save(make_bars([1.0, 2.0, 3.0], symbol="UP"))
    _, said, rows, *_ = drawdowns.draw(viewed("UP", collection="made-up"))
    assert rows == []
    assert said == "at its high now · 0% of bars below an earlier close · 0 drawdowns"


def test_seasons_are_judged_by_the_number_of_comparisons() -> None:
    month, weekday, day, hour, *words, said = averaged(viewed("NVDA"))
    assert [len(figure.data[0].x) for figure in (month, weekday, day)] == [12, 5, 31]
    assert "intraday" in hour["empty"]
    assert words == [
        "monthly returns, 10 to 11 each",
        "daily returns, 504 to 555 each",
        "daily returns, 53 to 93 each",
        "",
    ]
    assert "48 averages" in said
    assert said.endswith("none is left: no average differs by more than chance.")


def test_hours_are_drawn_of_intraday_bars() -> None:
    *figures, _, _, _, clock, said = averaged(viewed("EURUSD", collection="dukascopy", interval="1h"))
    assert len(figures[3].data[0].x) == 24
    assert clock == "hourly returns, 259 to 260 each, UTC time"
    assert "61 averages" in said


def test_trend_and_season_add_up_to_the_price() -> None:
    figure, method, said = decomposed(viewed("NVDA"), "auto")
    assert method == "STL, 12 months of a year"
    close, trend, season, rest = (np.asarray(trace.y, dtype=float) for trace in figure.data)
    np.testing.assert_allclose(trend * (1 + season) * (1 + rest), close, rtol=1e-5)
    assert "do not differ by more than chance (p = 0.380" in said
    assert decomposed(viewed("NVDA"), "week")[1] == "STL, 5 weekdays"
    assert "intraday" in decomposed(viewed("NVDA"), "day")[0]["empty"]

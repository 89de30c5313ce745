"""The tab of returns: what it draws and says of a series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from dashboard.pages.data.tabs import returns
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.side_jobs import answered


def viewed(symbol: str, **more: Any) -> Any:
    spec = MarketSpec(symbols=(symbol,), **more)
    engine.run(spec)
    return {"key": "k", "spec": canonical_json(spec), "symbol": symbol}


def test_all_charts_are_drawn_of_the_same_returns() -> None:
    histogram, said, tails, quantiles, lagged = returns.draw(answered(returns.ask(viewed("NVDA"))))
    bars = engine.run(MarketSpec(symbols=("NVDA",))).bars[0]
    values = bars.close[1:] / bars.close[:-1] - 1
    assert histogram.data[0].y.sum() == len(values)
    texts = [part.children for part in said.children]
    assert texts[1] == f"{len(values):,}"
    assert "Ljung-Box to lag 10" in texts
    beyond = np.abs(values - values.mean()) > 3 * values.std(ddof=1)
    assert tails[0]["below"] + tails[0]["above"] == beyond.sum()
    assert quantiles.data[0].y[-1] == pytest.approx((values.max() - values.mean()) / values.std(ddof=1))
    assert len(lagged.data[0].y) == 40


def test_volatility_has_a_line_for_each_estimator_that_the_series_allows() -> None:
    assert len(returns.draw_volatility(viewed("NVDA"), "20").data) == 4
    save(random_walk(60, symbol="CLOSES", has_ohlc=False))
    assert len(returns.draw_volatility(viewed("CLOSES", collection="made-up"), "20").data) == 1


@pytest.mark.parametrize("close", [[5.0], [5.0] * 40, [-5.0] * 40])
def test_what_has_no_returns_gets_a_sentence_in_each_card(close: list[float]) -> None:
    save(make_bars(close, symbol="BAD"))
    asked = viewed("BAD", collection="made-up", adjustment="none")
    histogram, said, tails, quantiles, lagged = returns.draw(answered(returns.ask(asked)))
    assert "BAD" in histogram["empty"]
    assert histogram == quantiles == lagged
    assert not said
    assert tails == []

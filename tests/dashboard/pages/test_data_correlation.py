"""The tab of correlations: what it draws, what it says, and what the address restores."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from dash.exceptions import PreventUpdate

from dashboard.charts import symbol_correlation as charts
from dashboard.pages.data import choices
from dashboard.pages.data.tabs import correlation
from engine.core.spec import canonical_json
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.research.series.correlation import Correlations, correlations
from tests.support.market import days, make_bars, random_walk
from tests.support.side_jobs import answered


def viewed(*symbols: str, **more: Any) -> dict[str, str]:
    import engine

    spec = MarketSpec(symbols=symbols, **more)
    engine.run(spec)
    return {"key": "k", "spec": canonical_json(spec)}


def mapped(asked: Any, every: str, method: str) -> tuple[Any, Any]:
    """What is drawn and said once the job is done."""
    return correlation.draw(answered(correlation.ask(asked, every, method)))


def test_the_map_holds_the_correlations_by_cluster() -> None:
    spec = MarketSpec(symbols=("NVDA", "AAPL", "AMZN"))
    figure, note = mapped(viewed(*spec.symbols), "week", "spearman")
    assert mapped(viewed(*spec.symbols), "week", "spearman")[1] == note  # known by now
    trace, found = figure["data"][0], correlations(spec, "week", "spearman")
    assert trace["x"] == trace["y"] == [spec.symbols[row] for row in found.order]
    assert (trace["z"]["dtype"], trace["z"]["shape"]) == ("f4", "3, 3")
    drawn = np.frombuffer(base64.b64decode(trace["z"]["bdata"]), np.float32).reshape(3, 3)
    np.testing.assert_allclose(drawn, found.values[np.ix_(found.order, found.order)], rtol=1e-6)
    assert note.startswith("weekly returns, 3 symbols")
    assert trace["texttemplate"]


def test_a_map_of_many_prints_no_numbers_and_tells_the_counts_where_they_differ() -> None:
    count = charts.PRINTED + 1
    names, order = tuple(f"S{row}" for row in range(count)), np.arange(count)
    counts = np.full((count, count), 9)
    counts[0, 1] = 8
    info = charts.map_info(Correlations(names, np.eye(count), counts, order))
    trace = go.Figure(charts.map_figure(info)).data[0]
    assert trace.texttemplate is None
    assert trace.customdata.dtype == np.uint16
    np.testing.assert_array_equal(trace.customdata, counts)


def test_one_symbol_and_a_price_that_does_not_move_get_a_sentence() -> None:
    figure, _ = mapped(viewed("NVDA"), "day", "pearson")
    assert "second symbol" in figure["empty"]
    save(make_bars(np.full(30, 5.0), symbol="STILL"))
    save(random_walk(30, symbol="MOVES"))
    _, note = mapped(viewed("STILL", "MOVES", collection="made-up"), "day", "pearson")
    assert "No correlation: STILL (the price does not move" in note


def test_a_pair_is_drawn_over_its_common_returns() -> None:
    line, scatter, said, also = correlation.draw_pair(viewed("NVDA", "AAPL"), ["AAPL", "NVDA"], "day", "60")  # type: ignore[arg-type]
    info = correlation.pair_info(MarketSpec(), ("AAPL", "NVDA"), "day", 60)
    np.testing.assert_allclose(line.data[0].y, info.rolling, rtol=1e-6)
    assert scatter.layout.xaxis.title.text == "AAPL"
    slope = np.polyfit(info.x, info.y, 1) if len(info.x) == info.total else None
    assert slope is None or info.slope == pytest.approx(slope[0])
    assert said.startswith("all returns ")
    assert "in common" in also


def test_a_pair_without_enough_common_returns_gets_a_sentence() -> None:
    save(random_walk(30, symbol="EARLY"))
    save(random_walk(30, symbol="LATE", time=days(30, "2021-01-01")))
    apart, _, _, _ = correlation.draw_pair(  # type: ignore[arg-type]
        viewed("EARLY", "LATE", collection="made-up"), ["EARLY", "LATE"], "day", "20"
    )
    assert "0 returns in common" in apart["empty"]
    save(random_walk(30, 2, symbol="ALSO"))
    short, _, _, _ = correlation.draw_pair(  # type: ignore[arg-type]
        viewed("EARLY", "ALSO", collection="made-up"), ["EARLY", "ALSO"], "day", "60"
    )
    assert "fewer than the window of 60" in short["empty"]


def test_a_pair_falls_back_to_symbols_that_are_there() -> None:
    assert correlation.pair(["A", "B", "C"], ["C", "A"]) == ("C", "A")
    assert correlation.pair(["A", "B", "C"], ["B", "B"]) == ("B", "A")
    assert correlation.pair(["A", "B", "C"], ["X"]) == ("A", "B")
    assert correlation.pair(["A"], []) == ("A", "A")
    assert correlation.cell({"points": [{"x": "A", "y": "B"}]}) == ["B", "A"]
    assert correlation.cell({"points": []}) == correlation.cell(None) == []


def test_the_address_says_what_was_asked_and_nothing_else() -> None:
    data = choices.store({"method": "spearman", "returns": "hour", "first": "AAPL", "tab": "x"}).data
    assert data["explicit"] == {"method": "spearman", "first": "AAPL"}
    assert correlation.pair_of(data) == ["AAPL", ""]
    assert choices.chosen("returns", "forged") == "day"
    with pytest.raises(PreventUpdate):
        choices.chosen("returns", None)

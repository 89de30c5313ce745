"""The features page: its table, its words, and what its callbacks answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

import engine
from dashboard.components.series_view import offer, subject
from dashboard.jobs import side_job
from dashboard.pages.features import callbacks, leak_test, view
from dashboard.pages.features import result as result_of
from dashboard.pages.features.form import FORM
from dashboard.pages.features.layout import layout
from engine import devices
from engine.core.errors import DataError, SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.features.checks.result import FeatureCheck
from engine.features.checks.spec import FeatureCheckSpec
from engine.features.matrix import matrix
from engine.features.spec import FeatureSpec
from engine.indicators import Indicator, Output
from engine.indicators.averages import Sma
from engine.indicators.expression import Expression
from engine.indicators.momentum import Rsi
from engine.jobs import executors
from engine.market.bars import Bars, Floats, Market
from engine.market.spec import MarketSpec
from tests.support.market import random_walk

SIX = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")
TWO = FeatureSpec(market=MarketSpec(symbols=("NVDA", "AAPL")), features=(Sma(window=20), Rsi(window=14)))


def result(spec: FeatureSpec | MarketSpec) -> dict[str, str]:
    """What the page's result store holds for ``spec``."""
    return {"key": "k", "spec": canonical_json(spec)}


class Tomorrow(Indicator):
    """The close of the next bar: what no feature may know."""

    kind: Literal["tomorrow"] = "tomorrow"
    outputs: ClassVar[tuple[Output, ...]] = (Output("close"),)

    def label(self) -> str:
        return "Tomorrow"

    def warm_up(self) -> int:
        return 0

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"close": np.append(bars.close[1:], np.nan)}


def checked(chosen: tuple[Indicator, ...], bars: Bars) -> FeatureCheck:
    """The leak test on ``bars``."""
    spec = FeatureCheckSpec.model_construct(market=MarketSpec(), features=chosen)
    return executors.compute(spec, {"market": Market((bars,))}, silent)


def rows_of(chosen: tuple[Indicator, ...], bars: Bars) -> list[dict[str, object]]:
    """The table for ``bars``."""
    return view.rows(bars, matrix(chosen, Market((bars,))), chosen, checked(chosen, bars))


def test_a_row_sums_up_a_feature() -> None:
    bars = random_walk(100)
    (row,) = rows_of((Sma(window=20),), bars)
    values = np.convolve(bars.close, np.full(20, 1 / 20), mode="valid")
    assert row["name"] == "SMA 20"
    assert row["last"] == pytest.approx(values[-1])
    assert row["low"] == pytest.approx(values.min())
    assert row["median"] == pytest.approx(np.median(values))
    assert row["high"] == pytest.approx(values.max())
    assert (row["warm_up"], row["known"], row["missing"], row["verdict"]) == (19, "2020-01-20", 0, "clean")


def test_a_history_shorter_than_the_warm_up_has_no_values() -> None:
    (row,) = rows_of((Sma(window=200),), random_walk(50))
    assert row["known"] == "never"
    assert [row[name] for name in ("last", "low", "median", "high")] == [None] * 4


def test_look_ahead_is_found_said_and_proven() -> None:
    bars, chosen = random_walk(100), (Sma(window=5), Tomorrow())
    found = checked(chosen, bars)
    verdicts = [row["verdict"] for row in rows_of(chosen, bars)]
    assert (verdicts[0], str(verdicts[1])[:13]) == ("clean", "leaks at bar ")
    assert "looks ahead" in leak_test.note(found, None)
    assert [(chip.text, chip.tone) for chip in leak_test.chips(found, None)] == [("1 feature leaks", "bad")]
    (card,) = leak_test.proof(found)
    sign = found.verdicts[1].leaks[0]
    assert f"{sign.later:.6g}" in str(card)
    assert sign.later == bars.close[sign.bar + 1]


def test_a_causal_set_is_said_to_be_so() -> None:
    chosen = (Sma(window=20), Rsi(window=14))
    found = checked(chosen, random_walk(300))
    assert leak_test.note(found, None).startswith("no look-ahead on 24 shorter or changed histories")
    assert [(chip.text, chip.tone) for chip in leak_test.chips(found, None)] == [("no look-ahead", "ok")]
    assert leak_test.proof(found) == []
    assert (view.warm_up_chip(chosen).text, view.warm_up_chip(chosen).value) == ("warm-up", "105 bars")


@pytest.mark.usefixtures("workspace")
def test_the_leak_test_is_a_job_beside_the_result() -> None:
    many = FeatureSpec(features=(Expression(text="close / mean(close, 20)"),))  # of compiled loops
    waiting, job, _ = leak_test.ask(result(many))
    assert waiting == {"waits": True}
    assert leak_test.verdicts(waiting, many) is None
    assert leak_test.note(None, waiting) == "testing for look-ahead"
    side_job.compute(lambda *_: None, job)
    answer, *_ = leak_test.ask(result(many))
    found = leak_test.verdicts(answer, many)
    assert found is not None
    assert [item.verdict for item in found.verdicts] == ["clean"]
    assert leak_test.verdicts(answer, TWO) is None


def test_a_test_of_very_many_features_waits_to_be_asked_for() -> None:
    many = FeatureSpec.parse({"market": {"symbols": list(SIX)}, "features": [{"kind": "sma", "window": "2..999"}]})
    answer, job, _ = leak_test.ask(result(many))
    assert job is no_update
    assert "take long" in leak_test.note(None, answer)


def test_symbols_are_offered_where_there_are_several() -> None:
    options, symbol, hidden = offer(callbacks.symbols, result(TWO), "AAPL")
    assert ([option["value"] for option in options], symbol, hidden) == (["NVDA", "AAPL"], no_update, False)
    assert offer(callbacks.symbols, result(FeatureSpec()), "AAPL")[1:] == ("NVDA", True)
    assert offer(callbacks.symbols, result(TWO), "AAPL", options)[0] is no_update


def test_the_chart_comes_with_its_result() -> None:
    """In the one answer of a changed parameter, as the chart's own callback draws it."""
    seen = {"symbol": "AAPL", "span": "all", "scale": "log", "zoom": None}
    figure, *rest = callbacks.first_picture(result(TWO), **seen)
    same, *others = callbacks.chart({"data": result(TWO), **seen})
    assert (figure, rest) == (same, others)
    assert {*seen} == {*callbacks.SEEN.states()}


def test_the_chart_is_as_high_as_its_panes_need() -> None:
    figure, note, body, graph = callbacks.chart(
        {"data": result(TWO), "symbol": "NVDA", "span": "all", "scale": "log", "zoom": None}
    )
    assert note == "NVDA, USD, closes · 2013-01-02 to 2023-09-21, 2,699 bars · warm-up shaded"
    assert body == graph == {"height": 460}
    assert [trace["name"] for trace in figure["data"]] == ["NVDA", "SMA 20", "RSI 14"]


def test_a_zoom_shows_candles_of_the_symbol_on_screen() -> None:
    data = result(TWO)
    year = [float(np.datetime64(day, "ms").astype(int)) for day in ("2020-01-01", "2020-12-31")]
    held = {"keep": subject(data, "AAPL", "all"), "range": year}
    figure, note, *_ = callbacks.chart({"data": data, "symbol": "AAPL", "span": "all", "scale": "linear", "zoom": held})
    assert note == "AAPL, USD, candles · 2020-01-02 to 2020-12-31, 253 of 2,699 bars"
    assert figure["data"][0]["type"] == "candlestick"


def test_a_forged_symbol_shows_the_first() -> None:
    assert result_of.shown(result(TWO), "../../etc/passwd")[2].series.symbol == "NVDA"


def test_correlation_needs_two_features_and_enough_bars() -> None:
    figure, *_ = callbacks.correlate(result(TWO), "NVDA", "correlation")
    assert figure.data[0].type == "heatmap"
    alone = FeatureSpec(features=(Sma(window=20),))
    assert "second indicator" in callbacks.correlate(result(alone), "NVDA", "correlation")[0]["empty"]
    unknown = FeatureSpec(features=(Sma(window=20), Expression(text="log(0 - close)")))
    engine.run(unknown)
    assert "Fewer than two of the features" in callbacks.correlate(result(unknown), "NVDA", "correlation")[0]["empty"]
    short = FeatureSpec(market=MarketSpec(start="2023-09-01"))
    assert callbacks.correlate(result(short), "NVDA", "correlation")[0]["empty"].startswith("Only 0 bars")
    with pytest.raises(PreventUpdate):
        callbacks.correlate(result(TWO), "NVDA", "chart")


def test_another_kind_of_request_gets_a_sentence() -> None:
    with pytest.raises(SpecError, match="Expected a 'features', not a 'market'"):
        result_of.opened(result(MarketSpec()))


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ([], "from 1 to 10,000 features"),
        ([{"kind": "sma", "window": 0}], "Window must be at least 2"),
        ([{"kind": "sma", "window": 100_000}], "Window must be at most 1,000"),
        ([{"kind": "smma"}], "Did you mean 'sma'"),
        ([{"kind": "sma"}, {"kind": "sma"}], "SMA 20 appears twice"),
        ("../../etc/passwd", "list of indicators"),
    ],
)
def test_forged_requests_get_a_sentence(features: object, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        result_of.opened({"key": "k", "spec": json.dumps({"kind": "features", "features": features})})


@pytest.mark.parametrize(
    ("card", "problem"),
    [
        ({"kind": "rsi", "window": "2..1000"}, ("features.1.window", "Window must be at most 500, not 501.")),
        (
            {"kind": "macd", "fast": "2..200", "slow": "300..500"},
            ("features.1.fast", "One entry stands for at most 10,000 features: choose wider steps."),
        ),
    ],
)
def test_a_range_of_which_much_is_wrong_gets_one_sentence(card: dict[str, str], problem: tuple[str, str]) -> None:
    with pytest.raises(SpecError) as caught:
        FORM.parse({"features": [{"kind": "sma"}, card]})
    assert caught.value.problems == (problem,)


def test_what_is_too_much_for_a_page_is_refused_with_its_cost() -> None:
    features = [{"kind": "sma", "window": "2..1000"}, {"kind": "ema", "window": "2..1000"}]
    formulas = [{"kind": "expression", "text": f"close / {place}"} for place in range(1, 3_003)]
    values = {"market": {"symbols": [f"S{place}" for place in range(5_000)]}, "features": [*features, *formulas]}
    with pytest.raises(DataError, match=r"^5,000 features of 5,000 symbols take about .*: choose fewer features or"):
        FORM.require_feasible(FORM.parse(values))


def test_the_page_is_laid_out_with_any_permalink() -> None:
    from dashboard import state

    for query in (None, "rubbish", state.to_query(TWO)):
        assert layout(query) is not None


def test_the_header_says_where_features_were_computed_and_why() -> None:
    spec = FeatureSpec(features=(Sma(window=5),), device="mlx")
    plain, found = matrix(spec.features, Market((random_walk(80),))), spec.choice()
    (chip,) = view.device_chips(spec, replace(plain, computed="Computed there. Within bounds."))
    assert (chip.text, chip.title) == ("computed on", "Computed there. Within bounds.")
    assert chip.value == devices.NAMES[found.device]
    assert view.device_chips(spec, plain)[0].title == found.reason
    assert view.device_chips(FeatureSpec(), plain) == []


def test_a_column_that_says_nothing_is_named() -> None:
    bars = random_walk(60)
    chosen = (Sma(window=5), Sma(window=100), Expression(text="close * 0 + 1"), Expression(text="log(-close)"))
    idle = view.idle(rows_of(chosen, bars))
    assert idle == {"SMA 100": "no value", "log(-close)": "no value", "close * 0 + 1": "always the same"}
    said = view.idle_note(idle, bars)
    assert said == (
        "Of no use on these bars of TEST: SMA 100 (no value), log(-close) (no value), close * 0 + 1 (always the same)."
    )
    assert [(chip.text, chip.tone) for chip in view.idle_chips(idle, said)] == [("3 columns of no use", "warn")]
    useful = view.idle(rows_of((Sma(window=5),), bars))
    assert (useful, view.idle_note(useful, bars), view.idle_chips(useful, "")) == ({}, "", [])

"""The data page: its figures, its words, and what its callbacks answer."""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from typing import Any

import numpy as np
import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

import engine
from dashboard import state
from dashboard.charts import candles
from dashboard.charts.window import UTC_CLOCK
from dashboard.components.series_view import Seen, offer, subject
from dashboard.pages.data import callbacks, ids, view
from dashboard.pages.data.chart_view import ChartView, displayed
from dashboard.pages.data.form import FORM
from dashboard.pages.data.layout import layout
from dashboard.pages.data.tab import of_symbol, opened, shown, verdict_of
from dashboard.pages.data.tabs import chart, provenance, quality, table
from engine.core.errors import DataError, SpecError
from engine.core.spec import RunSpec, canonical_json
from engine.features.spec import FeatureSpec
from engine.market.quality.check import check
from engine.market.quality.verdict import noted
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.research.price_summary import summarise
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace


def result(spec: RunSpec) -> dict[str, str]:
    """What the page's result store holds for ``spec``."""
    return {"key": "k", "spec": canonical_json(spec)}


def seen(data: dict[str, str], symbol: str, span: str, scale: str, zoom: object) -> Seen:
    """What the page's chart is asked to show."""
    return {"data": data, "symbol": symbol, "span": span, "scale": scale, "zoom": zoom}


TWO = MarketSpec(symbols=("NVDA", "AAPL"))


def drawn(
    data: dict[str, str],
    symbol: str,
    view: ChartView = ChartView(),  # noqa: B008 - frozen
    *,
    span: str = "all",
    zoom: object = None,
    zone: str | None = None,
) -> tuple[Any, ...]:
    """What the chart's callback answers: figure, note, problems, and the height twice."""
    return chart.draw(seen(data, symbol, span, view.scale, zoom), displayed(view), zone)


def text_of(component: object) -> str:
    """Everything that a component says, in one line."""
    if isinstance(component, str):
        return component
    if isinstance(component, list | tuple):
        return " ".join(text_of(item) for item in component)
    return text_of(getattr(component, "children", None) or "")


@pytest.mark.parametrize("closes", [[100.0], [100.0, 110.0], [np.nan]])
def test_too_few_bars_have_no_figures(closes: list[float]) -> None:
    bars = make_bars(closes)
    summary = summarise(bars)
    assert summary.metrics == {}
    cells = chart.kpis(summary, bars, UTC_CLOCK)
    assert [cell.text for cell in cells[1:]] == ["\u2013"] * 7
    assert cells[1].note == "too few bars"


def test_the_strip_shows_the_figures_of_the_engine() -> None:
    (bars,) = engine.run(MarketSpec()).bars
    cells = {cell.name: cell for cell in chart.kpis(summarise(bars), bars, UTC_CLOCK)}
    assert list(cells) == [
        "Last close",
        "CAGR",
        "Volatility",
        "Sharpe",
        "Max drawdown",
        "Skew",
        "Best day",
        "Worst day",
    ]
    assert cells["Last close"].text == "410.17"
    assert (cells["Best day"].text, cells["Best day"].note) == ("+29.81%", "2016-11-11")
    assert (cells["Worst day"].text, cells["Worst day"].note) == ("\u221218.76%", "2018-11-16")
    assert cells["Max drawdown"].note == "peak 2021-11"
    assert cells["CAGR"].tone == "gain"
    assert "recovered on 2023-05" in cells["Max drawdown"].help


def test_the_header_names_source_and_licence_and_what_cannot_be_bought() -> None:
    (bars,) = engine.run(MarketSpec(collection="arch", symbols=("^GSPC",), adjustment="none")).bars
    chips = {chip.text: chip.tone for chip in view.chips(bars.series, noted(bars, check(bars)))}
    assert chips == {
        "Yahoo via arch 8, NCSA wheel": "",
        "index level, not tradeable": "warn",
        "bars: 1 warning": "warn",
    }
    assert [chip.text for chip in view.chips(make_bars([1.0]).series, ())] == ["a test, none", "bars: clean"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (MarketSpec(), "NVDA, total return, USD · weekly candles · 2013-01-02 to 2023-09-21, 2,699 bars"),
        (
            MarketSpec(collection="fred", symbols=("^VIX",)),
            "^VIX, index level, not tradeable, USD · closes only · 2014-01-03 to 2019-01-03, 1,259 bars",
        ),
        (
            MarketSpec(collection="dukascopy", symbols=("EURUSD",), interval="1h"),
            "EURUSD, ask bars, USD · daily candles · 2017-01-01 22:00 UTC to 2017-12-29 21:00 UTC, 6,225 bars",
        ),
    ],
)
def test_the_chart_says_what_it_draws(spec: MarketSpec, words: str) -> None:
    (bars,) = engine.run(spec).bars
    assert chart.note(candles.info(bars), bars.series, spec.adjustment) == words


def test_what_is_not_known_of_a_series_is_left_out_of_its_title() -> None:
    bars = make_bars([4.0, 4.1, 4.2], currency="", kind="economic", adjustment="none", has_ohlc=False)
    assert chart.note(candles.info(bars), bars.series, "none").startswith("TEST · closes only · ")


def test_bars_are_listed_newest_first_and_not_without_end() -> None:
    (bars,) = engine.run(MarketSpec()).bars
    rows = table.rows(bars, UTC_CLOCK)
    assert len(rows) == table.MOST_ROWS
    assert rows[0]["time"] == "2023-09-21"
    assert rows[0]["close"] == bars.close[-1]
    assert rows[0]["change"] == pytest.approx(bars.close[-1] / bars.close[-2] - 1)
    assert table.note(bars).startswith("newest 1,000 of 2,699 bars")
    short = make_bars([1.0, 2.0], has_volume=False)
    assert table.rows(short, UTC_CLOCK)[-1]["change"] is None
    assert table.note(short) == "2 bars, newest first"


def test_currencies_have_the_decimals_that_they_move_in() -> None:
    formats = [str(column.get("valueFormatter")) for column in table.columns(make_bars([1.07251]), UTC_CLOCK)]
    assert "'number', 5" in formats[1]
    assert view.price(410.17) == "410.17"
    assert view.price(1.07251) == "1.07251"


def test_provenance_says_when_bars_were_fetched_and_where_else_they_are(workspace: Workspace) -> None:
    save(random_walk(9, collection="wiki", symbol="AAPL", provider="files", fetched="2026-11-28T09:05:07+00:00"))
    (bars,) = engine.run(MarketSpec(collection="wiki", symbols=("AAPL",))).bars
    words = text_of(provenance.provenance(bars.series, "", "none"))
    assert "2026-11-28 09:05 UTC, from files" in words
    assert "sample, not used: 'stored' has priority" in words
    (bars,) = engine.run(MarketSpec()).bars
    words = text_of(provenance.provenance(bars.series, "", "none"))
    assert "Fetched" not in words
    assert "Also in" not in words


def test_provenance_says_what_the_manifest_says() -> None:
    (bars,) = engine.run(MarketSpec(collection="arch", symbols=("^GSPC",))).bars
    words = text_of(provenance.provenance(bars.series, "", "total_return"))
    for part in (
        "Yahoo via arch 8",
        "NCSA wheel",
        "index level; not tradeable",
        "America/New_York",
        "5,031 daily",
        "no: ",
    ):
        assert part in words


def test_symbols_are_offered_where_there_are_several() -> None:
    options, symbol, hidden = offer(callbacks.symbols, result(TWO), "AAPL")
    assert ([option["value"] for option in options], symbol, hidden) == (["NVDA", "AAPL"], no_update, False)
    assert offer(callbacks.symbols, result(MarketSpec()), "AAPL")[1:] == ("NVDA", True)


def test_a_forged_symbol_shows_the_first() -> None:
    assert of_symbol(result(TWO), "../../etc/passwd")[1].series.symbol == "NVDA"


def test_a_range_shows_its_part_in_days() -> None:
    figure, note, problems, *_ = drawn(result(MarketSpec()), "NVDA", span="365")
    assert problems == ""
    year, time = figure["layout"]["xaxis"]["range"], np.frombuffer(b64decode(figure["data"][0]["x"]["bdata"]), "f8")
    assert ((time >= year[0]) & (time <= year[1])).sum() == 252
    assert len(time) == 252 + 51  # further ones to the left, for the mouse to drag them in
    assert note.endswith("252 of 2,699 bars")
    assert figure["layout"]["yaxis"]["type"] == "log"


@pytest.mark.parametrize("span", ["all", "nonsense", "../x"])
def test_other_ranges_show_all(span: str) -> None:
    assert drawn(result(MarketSpec()), "NVDA", span=span)[1].endswith(", 2,699 bars")


def test_a_zoom_is_drawn_in_days_and_belongs_to_its_symbol() -> None:
    data = result(TWO)
    year = [float(np.datetime64(day, "ms").astype(int)) for day in ("2020-01-01", "2020-12-31")]
    held = {"keep": subject(data, "NVDA", "all"), "range": year, "zone": "UTC", "width": 900}
    assert drawn(data, "NVDA", zoom=held)[1].endswith("253 of 2,699 bars")
    assert drawn(data, "AAPL", zoom=held)[1].endswith(", 2,699 bars")


@pytest.mark.parametrize(
    ("width", "candles"), [(720, 360), (100, 150), (5000, 700), (None, 700), ("900", 700), (True, 150), (0, 700)]
)
def test_as_many_candles_are_drawn_as_the_chart_has_room_for(width: object, candles: int) -> None:
    assert chart.candles_for({"width": width}) == candles
    assert chart.candles_for(None) == 700


def test_a_tab_without_a_series_shows_nothing() -> None:
    for call in (
        lambda nothing: table.list_bars(nothing, "UTC"),
        lambda nothing: quality.ask(nothing, "auto"),
        lambda nothing: provenance.describe(nothing, "UTC"),
        lambda nothing: chart.describe(nothing, "UTC"),
    ):
        for nothing in (None, {}, {"free": True, "opened": 1.0}):
            with pytest.raises(PreventUpdate):
                call(nothing)


def test_a_tab_shows_the_symbol_on_screen() -> None:
    viewed = {**result(TWO), "symbol": "AAPL"}
    assert shown(viewed)[1].series.symbol == "AAPL"
    assert shown(result(TWO))[1].series.symbol == "NVDA"
    assert table.list_bars(viewed, "UTC")[1][0]["close"] == shown(viewed)[1].close[-1]


def test_quality_is_judged_on_the_whole_series_as_supplied() -> None:
    spec = MarketSpec(collection="wiki", symbols=("AAPL",), start=date(2010, 1, 1))
    assert [(item.name, item.first) for item in verdict_of(spec, "AAPL")] == [("jump", "2000-09-29")]


def test_nothing_is_drawn_before_there_is_a_result() -> None:
    for data in (None, {}, {"error": "No."}):
        with pytest.raises(PreventUpdate):
            opened(data)


def test_another_kind_of_request_gets_a_sentence() -> None:
    with pytest.raises(SpecError, match="Expected a 'market', not a 'features'"):
        opened(result(FeatureSpec()))


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        ({"symbols": ["NOPE"]}, DataError, "'NOPE' is not in the collection"),
        ({"symbols": []}, SpecError, "from 1 to 5,000 symbols"),
        ({"symbols": ["../../etc/passwd"]}, SpecError, "cannot be a symbol"),
        ({"start": "2022-01-01", "end": "2020-01-01"}, SpecError, "before it starts"),
        ({"end": "1990-01-01"}, DataError, "NVDA has no bars"),
        ({"interval": "1h"}, DataError, "comes in bars of 1d"),
        ({"collection": "nowhere"}, DataError, "Unknown collection 'nowhere'"),
    ],
)
def test_forged_requests_get_a_sentence(spec: dict[str, object], error: type[Exception], words: str) -> None:
    import json

    with pytest.raises(error, match=words):
        opened({"key": "k", "spec": json.dumps({"kind": "market"} | spec)})


def test_the_page_is_laid_out_with_any_permalink() -> None:

    for query in (None, "rubbish", state.to_query(TWO)):
        assert layout(query) is not None
    assert FORM.start(state.to_query(TWO))[1] == TWO
    assert FORM.page == ids.PAGE


def test_files_that_cannot_be_read_are_named_beside_the_form(workspace: Workspace) -> None:
    from engine.market.sources.stored import save

    path = save(random_walk(10))
    assert path.name not in text_of(layout(None))
    path.write_bytes(b"PAR1")
    assert f"The stored bars in {path} cannot be read: delete the file" in text_of(layout(None))


def test_less_than_a_month_has_dashes_and_says_so() -> None:
    week = random_walk(5)
    shown = {item.name: (item.text, item.note) for item in chart.kpis(summarise(week), week, UTC_CLOCK)}
    for name in ("CAGR", "Volatility", "Sharpe"):
        assert shown[name] == ("–", "under a month")


def test_the_bars_of_the_symbol_are_saved_as_files() -> None:
    (bars,) = engine.run(MarketSpec()).bars
    file = table.file_of(bars, "csv")
    assert file["filename"] == "NVDA-1d-2013-01-02-2023-09-21.csv"
    assert len(b64decode(file["content"]).splitlines()) == 2_700
    assert b64decode(table.file_of(bars, "parquet")["content"])[:4] == b"PAR1"

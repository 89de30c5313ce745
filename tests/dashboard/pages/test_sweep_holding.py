"""The sweep's tab against holding, with enough trades, by parameter and zoomed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dash.exceptions import PreventUpdate

import engine
from dashboard.pages.backtest.sweep import controls as sweep_controls
from dashboard.pages.backtest.sweep import view as sweep_view
from dashboard.pages.backtest.tabs import sweep as tab
from dashboard.text.sweeps import expected_maximum
from engine.backtest.sweeps.result import SweepResult
from tests.support.sweep_page import AXES, FAST, SLOW, data_of, request

pytestmark = pytest.mark.usefixtures("workspace")
UNTOUCHED = {name: "" for name, _ in tab.sweep_layout.ASKED}


@pytest.fixture
def result() -> SweepResult:
    found = engine.run(request())
    assert isinstance(found, SweepResult)
    return found


def test_excess_over_holding_is_shown_first_and_the_value_on_request(result: SweepResult) -> None:
    assert sweep_controls.view_of(result, {}).over == "holding"
    assert sweep_controls.view_of(result, {"over": "value"}).over == ""
    assert sweep_controls.view_of(result, {"metric": "trades"}).over == ""
    assert sweep_controls.view_of(replace(result, holding=np.empty((0, 5))), {}).over == ""


def test_the_strip_has_holding_cash_and_luck_beside_the_best(result: SweepResult) -> None:
    shown = sweep_controls.view_of(result, {})
    found = expected_maximum(result, None)
    strip = sweep_view.kpis(result, shown, found, sweep_view.best(result, shown), None)
    assert [item.name for item in strip][:3] == ["Best Sharpe", "Holding", "Luck"]
    held = engine.run(result.spec_of(0)).benchmark_metrics["sharpe"]
    assert (strip[1].text, strip[1].note) == (f"{held:.2f}", "cash 0.00")
    assert strip[2].text == f"{found.expected:.2f}"
    beating = np.mean(result.sharpe[0] > held)
    assert strip[5].text == f"{100 * beating:.1f}%"


def test_trades_that_are_asked_for_are_asked_for_everywhere(result: SweepResult) -> None:
    least = int(np.median(result.trades[0])) + 1
    drawn, strip, *_ = tab.draw(data_of(request()), "sweep", None, 0, {**UNTOUCHED, "least": least}, None)
    few = int(np.sum(result.trades[0] < least))
    assert 0 < few < len(result)
    assert f"under {least} trades" in str(strip[7])
    _, _, _, _, _, rows = tab.draw_below(drawn, data_of(request()))
    assert len(rows) == len(result) - few
    assert all(row["trades"] >= least for row in rows)
    chosen, *_ = tab.show_combination(drawn, None, data_of(request()))
    assert chosen
    for forged in ("x", -3, None, [], float("nan")):
        assert sweep_controls.demanding(result, {"least": forged}).minimum_trades == 0


def test_what_matters_and_how(result: SweepResult) -> None:
    bars, words, along_x, about, along_y, _ = tab.draw_axes({}, data_of(request()))
    assert bars.data[0].type == "bar"
    assert words.startswith("share of the variance of the Sharpe")
    assert about == "Sharpe; the band is the middle half"
    assert len(along_x.data) == len(along_y.data) == 4
    one = request(AXES[:1])
    engine.run(one)
    assert "no second axis" in str(tab.draw_axes({}, data_of(one))[4])


def test_a_zoom_into_tiles_shows_finer_ones(result: SweepResult, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = {"xaxis.range[0]": 3.4, "xaxis.range[1]": 5.6, "yaxis.range[0]": 6.0, "yaxis.range[1]": 10.0}
    drawn = {"key": data_of(request())["key"]}
    with pytest.raises(PreventUpdate):
        tab.zoom(moved, drawn, None, data_of(request()), None)  # these are single combinations already
    monkeypatch.setattr(tab.chart, "is_coarse", lambda result, shown: True)
    figure, _, window = tab.zoom(moved, drawn, None, data_of(request()), None)
    assert figure.data[0].x.tolist() == [4, 5]
    assert figure.data[0].y.tolist() == [7, 9]
    assert window["range"] == (3.4, 5.6, 6.0, 10.0)
    with pytest.raises(PreventUpdate):
        tab.zoom(moved, drawn, window, data_of(request()), None)  # it is there already
    figure, _, window = tab.zoom(
        {"xaxis.autorange": True, "yaxis.autorange": True}, drawn, window, data_of(request()), None
    )
    assert len(figure.data[0].x) == 4
    assert window["range"] is None
    for forged in (None, {}, {"dragmode": "pan"}, {**moved, "xaxis.range[0]": "x"}, {**moved, "xaxis.range[0]": None}):
        with pytest.raises(PreventUpdate):
            tab.zoom(forged, drawn, None, data_of(request()), None)


def test_a_click_in_a_zoomed_map_means_the_cell_in_sight(result: SweepResult) -> None:
    keep = f"k {FAST} {SLOW}"
    assert sweep_controls.window_of({"keep": keep, "range": [1, 2, 3, 4]}, keep) == (1, 2, 3, 4)
    for forged in (None, {}, {"keep": keep}, {"keep": keep, "range": [1]}, {"keep": "other", "range": [1, 2, 3, 4]}):
        assert sweep_controls.window_of(forged, keep) is None

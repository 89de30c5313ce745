"""Statistics of features on their page: the table, the sentence, and the charts of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from dash import no_update
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate

from dashboard.charts.feature_report import decay, fifths, histogram
from dashboard.jobs import side_job
from dashboard.pages.features import ids, statistics
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.jobs import runner
from engine.labels.forward_return_value import ForwardReturnValue
from engine.market.spec import MarketSpec
from engine.research.features.result import FeatureReport
from engine.research.features.spec import FeatureReportSpec

pytestmark = pytest.mark.usefixtures("workspace")
SPEC = FeatureSpec(market=MarketSpec(symbols=("NVDA",), start="2019-01-01"), features=(Sma(window=20), Rsi(window=14)))
DATA = {"key": "k", "spec": canonical_json(SPEC)}


@pytest.fixture
def clicked() -> Iterator[None]:
    """The button, as Dash says it."""
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": f"{ids.STAT_ASK}.n_clicks", "value": 1}]))
    yield
    context_value.set({})


@pytest.fixture
def answer(clicked: None) -> Any:
    """The answer of a job that was asked for."""
    waiting, job, *_ = statistics.ask(1, DATA, "10")
    assert waiting == {"waits": True}
    side_job.compute(lambda *_: None, job)
    return statistics.ask(1, DATA, "10")[0]


def report() -> FeatureReport:
    request = FeatureReportSpec(market=SPEC.market, features=SPEC.features, target=ForwardReturnValue(horizon=10))
    found: FeatureReport = runner.run(request)
    return found


def test_a_look_is_a_job_only_for_who_asks() -> None:
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": "result.data", "value": 1}]))
    assert statistics.ask(1, DATA, "10")[:2] == (None, no_update)
    context_value.set({})


def test_a_wrong_horizon_gets_a_sentence(clicked: None) -> None:
    with pytest.raises(SpecError, match="Horizon"):
        statistics.ask(1, DATA, "five")


def test_a_row_holds_what_was_computed(answer: Any) -> None:
    words, rows, _, chosen, hidden = statistics.show(answer, None)
    found = report()
    at = found.at_horizon
    assert found.information.horizons[at] == 10
    assert not hidden
    assert [row["name"] for row in rows] == ["SMA 20", "RSI 14"]
    for place, row in enumerate(rows):
        assert row["ic"] == found.information.ic[place, at]
        assert row["psi"] == found.dynamics.psi[place]
        assert row["vif"] == found.redundancy.inflation[place]
        low, high = (ends[place, at] for ends in found.information.band())
        assert row["ic"] - row["band"] == pytest.approx(low)
        assert row["ic"] + row["band"] == pytest.approx(high)
    assert chosen == [max(rows, key=lambda row: abs(row["ic"]))]
    assert "2 features tried on these data" in words.children
    assert "over time, next 10 bars" in words.children


def test_slow_features_of_the_price_are_named(answer: Any) -> None:
    """The mean of 20 closes wanders with the price; RSI comes back within weeks."""
    words, *_ = statistics.show(answer, None)
    assert report().slow() == ("SMA 20",)
    assert "The p-value of SMA 20 is too small" in words.children


def test_before_there_is_an_answer_the_tab_says_what_there_is_to_ask() -> None:
    words, rows, _, chosen, hidden = statistics.show(None, None)
    assert (words.children, rows, chosen, hidden) == (statistics.ASK, [], [], True)


def test_the_selected_feature_is_drawn(answer: Any) -> None:
    about, shape, line, bars, following = statistics.draw([{"name": "RSI 14"}], answer)
    found = report()
    np.testing.assert_array_equal(shape.data[0].y, found.distributions.counts[1])
    np.testing.assert_allclose(line.data[2].y, found.information.ic[1])
    np.testing.assert_allclose(bars.data[0].y, found.fifth_returns[1])
    assert about[0].children == "RSI 14"
    assert "top minus bottom quintile, next 10 bars: " in about[1]
    assert following == "mean, next 10 bars"
    with pytest.raises(PreventUpdate):
        statistics.draw([{"name": "../../etc/passwd"}], answer)


def test_charts_hold_the_numbers_of_the_report() -> None:
    found = report()
    shape = histogram.info(found, 0)
    np.testing.assert_array_equal(shape.counts, found.distributions.counts[0])
    np.testing.assert_allclose(shape.middle - shape.width / 2, found.distributions.edges[0][:-1])
    line = decay.info(found, 0)
    known = np.isfinite(line.low)
    assert (line.low[known] <= line.ic[known]).all()
    assert (line.ic[known] <= line.high[known]).all()
    assert line.horizons[line.own] == 10
    bars = fifths.info(found, 0)
    assert bars.spread() == pytest.approx(found.fifth_returns[0, 4] - found.fifth_returns[0, 0])


def test_features_by_cluster_need_two(answer: Any) -> None:
    square, *_ = statistics.cluster(answer)
    found = report()
    order = found.redundancy.order
    np.testing.assert_allclose(
        np.asarray(square.data[0].z)[::-1], found.redundancy.correlation[np.ix_(order, order)], atol=1e-6
    )

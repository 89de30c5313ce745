"""Times of intraday bars in the tabs of the data page, by the clock that was chosen for the chart."""

from __future__ import annotations

from typing import Any

import pytest
from dash.exceptions import PreventUpdate

from dashboard.pages.data import second_source
from dashboard.pages.data.clocks import clock_of
from dashboard.pages.data.tabs import chart, provenance, quality, table
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.dashboard.pages.test_data import result
from tests.support.market import make_bars
from tests.support.shown import words
from tests.support.side_jobs import answered

pytestmark = pytest.mark.usefixtures("workspace")
TIMES = ["2024-03-08 14:30", "2024-03-08 15:30", "2024-03-11 13:30", "2024-03-11 14:30"]  # the clocks change between
SHOWN = {
    "UTC": (" UTC", TIMES),
    "exchange": (" New York", ["2024-03-08 09:30", "2024-03-08 10:30", "2024-03-11 09:30", "2024-03-11 10:30"]),
    "Asia/Kolkata": (" Kolkata", ["2024-03-08 20:00", "2024-03-08 21:00", "2024-03-11 19:00", "2024-03-11 20:00"]),
}


@pytest.fixture
def viewed() -> Any:
    """Hours of New York, the first of them with a wrong low; another collection has other closes."""
    bars = make_bars([10.0, 11.0, 12.0, 13.0], time=TIMES, interval="1h")
    bars.low[0] = 10.5
    save(bars)
    save(make_bars([10.0, 11.0, 12.0, 14.0], time=TIMES, interval="1h", collection="other"))
    return {**result(MarketSpec(collection="made-up", symbols=("TEST",), interval="1h")), "symbol": "TEST"}


@pytest.mark.parametrize("chosen", list(SHOWN))
def test_every_tab_has_the_clock_of_the_chart(viewed: Any, chosen: str) -> None:
    zone, times = SHOWN[chosen]
    columns, rows, _ = table.list_bars(viewed, chosen)
    assert columns[0]["headerName"] == f"Time,{zone}"
    assert [row["time"] for row in rows] == times[::-1]
    assert f"4, {times[0]}{zone} to {times[-1]}{zone}" in " ".join(words(provenance.describe(viewed, chosen)))
    assert f"Close of {times[-1]}{zone}." in str(chart.describe(viewed, chosen))
    checked = answered(quality.ask(viewed, "auto"))
    found = next(row for row in quality.show(checked, chosen)[0] if row["first"] == f"{times[0]}{zone}")
    assert quality.show_bars([found], checked, viewed, chosen)[0][0]["time"] == f"{times[0]}{zone}"
    other = second_source.offer(viewed)[1][1]["value"]
    assert f"{times[-1]}{zone}" in " ".join(
        words(second_source.show(answered(second_source.ask(other, viewed)), None, chosen))
    )


def test_dates_have_no_clock_and_nothing_is_printed_before_it_is_known(viewed: Any) -> None:
    save(make_bars([1.0, 2.0]))
    daily = {**result(MarketSpec(collection="made-up", symbols=("TEST",))), "symbol": "TEST"}
    columns, rows, _ = table.list_bars(daily, "Asia/Kolkata")
    assert (columns[0]["headerName"], rows[0]["time"]) == ("Time", "2020-01-02")
    series = make_bars([1.0], interval="1h").series
    assert clock_of("no/zone", series).zone == "UTC"
    with pytest.raises(PreventUpdate):
        table.list_bars(viewed, None)

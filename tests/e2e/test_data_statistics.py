"""The data page's tabs of statistics: what is chosen in them comes back by the address."""

from __future__ import annotations

import pytest

from dashboard.state import to_query
from engine.market.spec import MarketSpec
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e
TICK = """
const radio = document.querySelector(`[id*='"name":"${arguments[0]}"'] input[value="${arguments[1]}"]`);
if (radio && !radio.checked) radio.click();
return !!radio && radio.checked;
"""


def test_correlation_and_seasons_are_asked_otherwise_and_reopened(visitor: Visitor) -> None:
    two = to_query(MarketSpec(symbols=("NVDA", "AAPL")))
    visitor.open(f"/data?spec={two}&tab=correlation")
    visitor.sees("daily returns, 2 symbols")
    visitor.until(TICK, "monthly returns", "returns", "month")
    visitor.sees("monthly returns, 2 symbols")
    visitor.open_tab("Seasons")
    visitor.sees("48 averages by calendar")
    visitor.until(TICK, "a week", "season", "week")
    visitor.sees("STL, 5 weekdays")
    visitor.until("return /season=week/.test(location.search) && /returns=month/.test(location.search)", "the address")
    visitor.open(visitor.driver.current_url)
    visitor.sees("STL, 5 weekdays")
    visitor.open_tab("Correlation")
    visitor.sees("monthly returns, 2 symbols")
    assert not visitor.complaints()

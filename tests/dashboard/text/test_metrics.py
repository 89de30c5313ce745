"""Figures of a backtest as text, and which of them stand first."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.text.metrics import key_metrics, metric_text
from tests.support.results import make_result


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("max_drawdown_days", 1.0, "1 day"), ("max_drawdown_days", 1234.0, "1,234 days"), ("max_drawdown_days", None, "–"),
     ("cagr", 0.1, "+10.00%"), ("volatility", 0.1, "10.00%"), ("trades", 1234.0, "1,234"), ("sharpe", -0.5, "−0.50")],
)  # fmt: skip
def test_units(name: str, value: float | None, text: str) -> None:
    assert metric_text(name, value) == text


@pytest.mark.parametrize(
    ("bars", "first"), [(300, "total_return"), (330, "total_return"), (363, "cagr"), (3000, "cagr")]
)
def test_growth_a_year_needs_a_whole_year(bars: int, first: str) -> None:
    found = key_metrics(make_result(np.linspace(100, 120, bars), []))
    assert found[0] == first
    assert len(set(found)) == 8

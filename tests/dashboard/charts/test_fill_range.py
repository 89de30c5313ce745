"""Fills at other prices: what is drawn, and room for the figures beside the bars."""

from __future__ import annotations

import pytest

from dashboard.charts.research import fill_range


@pytest.mark.parametrize(
    "totals", [(7.0, 0.5, 0.9, -0.65), (0.2, 0.1, 0.1, 0.05), (-0.1, -0.2, -0.2, -0.4), (0.0,) * 4]
)
def test_figures_have_room_on_either_side_that_has_bars(totals: tuple[float, ...]) -> None:
    names = tuple(words for _, words in fill_range.ROWS)
    low, high = fill_range.figure(fill_range.FillInfo(names, totals)).layout.xaxis.range or (None, None)
    low, high = float(low), float(high)
    width = high - low
    assert (min(totals) - low) / max(width, 1e-9) > 0.2 or min(totals) >= 0 == low
    assert (high - max(totals)) / max(width, 1e-9) > 0.2 or max(totals) <= 0 == high

"""The tabs of the data page, in their order."""

from dashboard.pages.data.tabs import (
    catalogue,
    chart,
    compare,
    correlation,
    download,
    drawdowns,
    importing,
    provenance,
    quality,
    returns,
    seasons,
    table,
    values,
)

FIRST = chart.TAB
"""The one in sight when the page opens; the others are filled when they are."""
TABS = (
    FIRST,
    returns.TAB,
    drawdowns.TAB,
    seasons.TAB,
    compare.TAB,
    correlation.TAB,
    table.TAB,
    quality.TAB,
    provenance.TAB,
    catalogue.TAB,
    download.TAB,
    importing.TAB,
    values.TAB,
)

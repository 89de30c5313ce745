"""Ids of the features page's own components."""

PAGE = "features"
TABS = "features"
CHART = "features-chart"
TABLE = "features-table"
TABLE_NOTE = "features-table-note"
CORRELATION = "features-correlation"

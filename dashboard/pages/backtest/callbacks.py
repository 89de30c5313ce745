"""What the backtest page does as a whole; each module of ``tabs`` registers the callbacks of its tab."""

from __future__ import annotations

from dashboard import market_options, runs, studies
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tabs import TABS

runs.wire(FORM)
market_options.follow_collection(FORM)
studies.wire_tabs(FORM, ids.TABS)
for tab in TABS:
    if tab.study:
        studies.wire(tab.study, tab.layout, ids.TABS)

"""Callbacks of the backtest page as a whole; each module of ``tabs`` registers the callbacks of its tab."""

from __future__ import annotations

from dashboard import market_options, runs
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tabs import FIRST, TABS
from dashboard.pages.backtest.tabs.performance import FIRST_PICTURE
from dashboard.runs import tabs

runs.wire(FORM, FIRST_PICTURE)
market_options.follow_collection(FORM)
tabs.wire(FORM, ids.TABS, TABS, FIRST)

"""What the backtest page does as a whole; each module of ``tabs`` registers the callbacks of its tab."""

from __future__ import annotations

from dashboard import market_options, runs
from dashboard.pages.backtest import tabs as tabs
from dashboard.pages.backtest.form import FORM

runs.wire(FORM)
market_options.follow_collection(FORM)

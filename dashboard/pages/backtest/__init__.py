"""The backtest page: a strategy with costs, its equity, its trades, and whether it is real."""

from dashboard.page import Page
from dashboard.pages.backtest.layout import later, layout
from dashboard.pages.backtest.tabs import TABS

PAGE = Page(
    name="backtest",
    path="/backtest",
    title="Backtest",
    icon="backtest",
    order=4,
    layout=layout,
    studies=tuple(tab.study.form.page for tab in TABS if tab.study),
    later=later,
    with_view=True,
    on_market=True,
)

"""The data page: what there is, what it looks like, where it is from and whether it can be trusted."""

from dashboard.page import Page
from dashboard.pages.data.layout import later, layout
from dashboard.pages.data.symbol_search import FETCH
from dashboard.pages.data.tabs import TABS

PAGE = Page(
    name="data",
    path="/data",
    title="Data",
    icon="data",
    order=1,
    layout=layout,
    studies=(FETCH, *(tab.study.form.page for tab in TABS if tab.study)),
    later=later,
    with_view=True,
    on_market=True,
)

"""The features page: indicators under the price they are computed from, and whether they can be trusted."""

from dashboard.page import Page
from dashboard.pages.features.layout import later, layout

PAGE = Page(
    name="features",
    path="/features",
    title="Features",
    icon="features",
    order=2,
    layout=layout,
    later=later,
    on_market=True,
)

"""The handbook, linked from every page."""

from dashboard.page import Page
from dashboard.pages.help.layout import layout

PAGE = Page(
    name="help", path="/help", title="Help", icon="alert", order=9, layout=layout, with_view=True, in_rail=False
)

"""The library: all that has been made here, of every kind, with its verdict."""

from dashboard.page import Page
from dashboard.pages.library.layout import layout

PAGE = Page(name="library", path="/library", title="Library", icon="library", order=6, layout=layout, with_view=True)

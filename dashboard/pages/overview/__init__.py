"""The first page: what this is, a question to try, and what has been done here lately."""

from dashboard.page import Page
from dashboard.pages.overview.layout import layout

PAGE = Page(name="overview", path="/", title="Overview", icon="overview", order=0, layout=layout)

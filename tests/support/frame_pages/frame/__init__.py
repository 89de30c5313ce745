"""A page with everything that the frame offers, on bars."""

from dashboard.page import Page
from tests.support.frame_pages.frame.layout import layout

PAGE = Page(name="frame", path="/frame", title="Frame", icon="data", order=1, layout=layout)

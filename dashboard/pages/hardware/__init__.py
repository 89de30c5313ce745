"""The hardware page: the machine at work, live, and what its devices are worth for our arithmetic."""

from dashboard.page import Page
from dashboard.pages.hardware.layout import later, layout

PAGE = Page(
    name="hardware",
    path="/hardware",
    title="Hardware",
    icon="hardware",
    order=5,
    layout=layout,
    later=later,
    with_view=True,
)

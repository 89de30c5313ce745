"""The data page: what there is, what it looks like, where it is from and whether it can be trusted."""

from dashboard.page import Page
from dashboard.pages.data import download
from dashboard.pages.data.layout import later, layout

PAGE = Page(
    name="data",
    path="/data",
    title="Data",
    icon="data",
    order=1,
    layout=layout,
    studies=(download.FORM.page,),
    later=later,
)

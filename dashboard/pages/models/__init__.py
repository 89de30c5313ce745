"""The models page: a model trained on features, scored on bars that it has not seen, beside what luck would score."""

from dashboard.page import Page
from dashboard.pages.models.layout import layout

PAGE = Page(name="models", path="/models", title="Models", icon="models", order=3, layout=layout)

"""The models page: a model trained on features, scored out of sample, beside the scores of null models."""

from dashboard.page import Page
from dashboard.pages.models.diagnosis.callbacks import PAGE as DIAGNOSIS
from dashboard.pages.models.layout import later, layout
from dashboard.pages.models.tuning.callbacks import PAGE as TUNING

PAGE = Page(
    name="models",
    path="/models",
    title="Models",
    icon="models",
    order=3,
    layout=layout,
    studies=(DIAGNOSIS, TUNING),
    later=later,
    on_market=True,
)

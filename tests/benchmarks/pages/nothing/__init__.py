"""A button whose background callback does nothing: what is measured is the path of a job."""

from dash import html

from dashboard.page import Page


def layout(query: str | None) -> html.Div:
    return html.Div([html.Button("Go", id="nothing-go"), html.Span(id="nothing-done")])


PAGE = Page(name="nothing", path="/nothing", title="Nothing", icon="data", order=1, layout=layout)

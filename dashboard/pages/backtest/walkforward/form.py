"""The form of a walk-forward: the axes of a sweep, and the windows in which they are searched and tested."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.fields import Values
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.sweep.form import SweepForm
from dashboard.text.format import count
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.spec import RunSpec

_SEARCH = "Optimisation"


class WalkForwardForm(SweepForm):
    """A sweep's form with windows under the axes."""

    stress = False

    def extent(self, spec: RunSpec) -> str:
        """The number of windows that are run, and of backtests in each."""
        if not isinstance(spec, WalkForwardSpec):
            return ""
        windows = len(spec.expected_windows())
        if not windows:
            return "the range is too short for one window"
        run = min(windows, spec.stop_after or windows)
        of = (
            f"{run:,} of {count(windows, 'window')}, {{}} each"
            if run < windows
            else f"{count(windows, 'window')} of {{}}"
        )
        return of.format(super().extent(spec.sweep()))

    def fields(self, values: Values) -> list[Component]:
        """Axes and windows on the left, search and choice on the right; below, which windows are done and kept."""
        axes, _ = super().fields(values)
        rows = self.rows(self.spec, values, "", values, "")
        windows = [control for section, control in rows if section == "Windows"]
        others = [control for section, control in rows if section != "Windows"]
        return [
            html.Div([axes, html.H2("Windows"), html.Div(windows, className="window-fields")], className="axes-column"),
            html.Div([html.H2(_SEARCH), html.Div(others, className="sampling"), _kept()]),
        ]


def _kept() -> Component:
    """What is kept of a walk-forward that was stopped, and what to do with it."""
    again = html.Button("Go on", id=ids.WALK_CONTINUE, className="link-button strong", type="button")
    shows = html.Button("Show them", id=ids.WALK_SHOW, className="link-button", type="button")
    words = html.Span(id=ids.WALK_KEPT_WORDS, role="status")
    return html.Div([words, again, shows], id=ids.WALK_KEPT, className="kept-line", hidden=True)

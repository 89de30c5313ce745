"""What a tab of the backtest page is, and how its callbacks reach the result.

A tab is one module of ``dashboard.pages.backtest.tabs``: it registers its own callbacks and exposes ``TAB``, which
joins the tuple ``TABS`` there. What is not in sight is not drawn: a tab's callbacks take ``RESULT`` and ``OPEN`` as
inputs and start with ``opened_on``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Input
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.pages.backtest import ids
from dashboard.studies import Study
from engine.backtest.result import BacktestResult

RESULT_ID = frame.result("backtest")
RESULT = Input(RESULT_ID, "data")
OPEN = Input({"role": "tabs", "group": ids.TABS}, "active_tab")


@dataclass(frozen=True)
class Tab:
    """``name`` is the value of ``OPEN`` while the tab is in sight; ``layout`` makes what it shows: of the page's
    result, or of the ``study``'s. A ``free`` tab has something to show without either.
    """

    name: str
    title: str
    layout: Callable[[], Sequence[Component]]
    study: Study | None = None
    free: bool = False


def opened_on(wanted: str, data: runs.ResultData, tab: str) -> tuple[Any, BacktestResult]:
    """What ``runs.opened`` returns, once the tab that shows it is in sight; else ``PreventUpdate``."""
    if tab != wanted:
        raise PreventUpdate
    return runs.opened(data)

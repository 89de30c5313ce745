"""Tabs of the backtest page, and how their callbacks reach the result.

A tab is one module of ``dashboard.pages.backtest.tabs``: it registers its own callbacks and exposes ``TAB``, which
joins the tuple ``TABS`` there. What is not in sight is not drawn, nor asked for: a tab's callbacks take ``seen`` of it,
which the browser fills with the page's result once that is painted and the tab is in sight.
"""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback

from dashboard import ids as frame
from dashboard.pages.backtest import ids
from dashboard.runs.tabs import Tab

RESULT_ID = frame.result("backtest")
RESULT = Input(RESULT_ID, "data")
OPEN = Input({"role": "tabs", "group": ids.TABS}, "active_tab")


__all__ = ["OPEN", "RESULT", "RESULT_ID", "Tab", "seen", "seen_id"]


def seen_id(name: str) -> frame.Id:
    """Store: the page's result, as ``runs.opened`` takes it, for the tab ``name``; a free tab's is filled anew whenever
    that is opened.
    """
    return {"role": "seen", "page": "backtest", "tab": name}


def seen(name: str) -> Input:
    """What the callbacks of the tab ``name`` start from."""
    return Input(seen_id(name), "data")


clientside_callback(
    ClientsideFunction("stratoscope", "seen"),
    Output({"role": "seen", "page": "backtest", "tab": ALL}, "data"),
    Input(ids.PAINTED, "data"),
    OPEN,
    State(RESULT_ID, "data"),
    State({"role": "seen", "page": "backtest", "tab": ALL}, "data"),
    State({"role": "seen", "page": "backtest", "tab": ALL}, "id"),
)

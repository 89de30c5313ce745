"""The foot of a control panel: run, what it will cost, how far it is, cancel."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import ids


def run_bar(page: str, action: str | None, stop: str = "Cancel") -> Component:
    """Sticky at the bottom of the panel; without an ``action`` it shows itself only while something runs. ``stop`` is
    the word on the button that cancels.
    """
    button = html.Button(
        action or "",
        id=ids.part("run-button", page),
        className="run-button",
        type="button",
        hidden=action is None,
        **{"data-run": "true", "aria-keyshortcuts": "Control+Enter"},
    )
    line = html.Div(
        [
            html.Span(id=ids.part("estimate", page)),
            html.Span("Ctrl ↵", className="key", **{"aria-hidden": "true"}),
        ],
        className="estimate",
        hidden=action is None,
    )
    return html.Div(
        [
            html.Div(id=ids.part("run-problem", page), className="run-problem", role="alert"),
            *([changes(page)] if action else []),
            button,
            line,
            _running(page, stop),
        ],
        id=ids.part("run-bar", page),
        className="run-bar" if action else "run-bar quiet",
        disable_n_clicks=True,
    )


def changes(page: str) -> Component:
    """What of the form differs from the run on screen, and the way back to that for the form of a page."""
    back = html.Button("Put back", id=ids.part("put-back", page), className="link-button strong", type="button")
    words = html.Span(id=ids.part("changes-text", page), role="status")
    parts = [words, back] if ids.owner(page) == page else [words]
    return html.Div(parts, id=ids.part("changes", page), className="changes", hidden=True)


def _running(page: str, stop: str) -> Component:
    track = html.Div(html.I(id=ids.part("run-track", page), style={"width": "0%"}), className="bar",
                     role="progressbar", **{"aria-label": "Progress"})  # fmt: skip
    message = html.Span("", id=ids.part("run-message", page), **{"aria-live": "polite"})
    cancel = html.Button(stop, id=ids.part("cancel", page), className="link-button", type="button")
    return html.Div([track, html.Div([message, cancel], className="running-line")], className="running")

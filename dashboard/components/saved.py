"""A fold with what is saved under names: a list to choose from and delete, and a name to save under."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dash_bootstrap_components as dbc
from dash import Input, State, callback, html, set_props
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.errors import toast
from engine.core import named
from engine.core.errors import EngineError


@dataclass(frozen=True)
class Saved:
    """What is saved under ``title``, with ids that begin with ``prefix``; ``names`` lists it, ``delete`` says whether
    there was one of that name.
    """

    prefix: str
    title: str
    names: Callable[[], Sequence[str]]
    delete: Callable[[str], bool]
    shown_as: Callable[[str], str] = str

    @property
    def chosen(self) -> str:
        """Id of the list, whose ``value`` is the name that was chosen."""
        return f"{self.prefix}-saved"

    @property
    def name(self) -> str:
        """Id of the name to save under."""
        return f"{self.prefix}-name"

    @property
    def save(self) -> str:
        """Id of the button that saves."""
        return f"{self.prefix}-save"

    def fold(self, help: str) -> Component:
        """The fold, shut; ``help`` says what is saved."""
        choice = dbc.Select(id=self.chosen, options=self.options(), value="", placeholder="Choose", className="select")
        name = dbc.Input(id=self.name, placeholder="Name", maxLength=named.LONGEST, autoComplete="off", type="text")
        drop = html.Button("Delete", id=self._drop, type="button", className="link-button")
        save = html.Button("Save", id=self.save, type="button", className="link-button strong")
        rows = [
            html.Div(help, className="fold-help"),
            _row("Saved", self.chosen, choice, drop),
            _row("Save as", self.name, html.Div(name, className="in"), save),
        ]
        return html.Details([html.Summary(self.title, className="fold-title"), html.Div(rows)], className="fold")

    def options(self) -> list[dict[str, str]]:
        """What there is now."""
        try:
            return [{"value": name, "label": self.shown_as(name)} for name in self.names()]
        except EngineError as error:
            return [{"value": "", "label": str(error)}]

    def refresh(self, message: str, chosen: str | None = None) -> None:
        """From a callback: say what was done and list what there is."""
        toast(message, "ok")
        set_props(self.chosen, {"options": self.options(), **({} if chosen is None else {"value": chosen})})
        set_props(self.name, {"value": ""})

    def wire(self) -> None:
        """Register the callback of the delete button."""
        callback(Input(self._drop, "n_clicks"), State(self.chosen, "value"), prevent_initial_call=True)(self.remove)

    def remove(self, clicks: int | None, name: str | None) -> None:
        """Delete what is chosen."""
        if not clicks:
            raise PreventUpdate
        if not name or not self.delete(name):
            toast(f"Choose one of the saved {self.title.lower()} to delete.", "warn")
            return
        self.refresh(f"Deleted {name}.", chosen="")

    @property
    def _drop(self) -> str:
        return f"{self.prefix}-delete"


def _row(title: str, labelled: str, control: Component, button: Component) -> Component:
    name = html.Div(html.Label(title, htmlFor=labelled, className="f-label"), className="f-name")
    return html.Div([name, html.Div([control, button], className="f-control beside")], className="f")

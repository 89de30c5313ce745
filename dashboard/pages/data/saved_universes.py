"""The fold in which the chosen symbols are saved as a universe."""

from __future__ import annotations

from dash import Input, State, callback
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard.components.saved import Saved
from dashboard.market_options import unfolded
from dashboard.pages.data import ids
from dashboard.pages.data.form import FORM
from dashboard.text.format import count
from engine.core.errors import StoreError
from engine.market import universes
from engine.market.symbols import UNIVERSE, symbol_list

HELP = "Lists of symbols for every form: type @name among the symbols."
UNIVERSES = Saved(
    ids.UNIVERSE,
    "Universes",
    lambda: list(universes.saved()),
    universes.delete,
    shown_as=lambda name: f"{UNIVERSE}{name} ({count(len(universes.saved()[name]), 'symbol')})",
)
UNIVERSES.wire()


@callback(
    Input(UNIVERSES.save, "n_clicks"),
    Input(UNIVERSES.name, "n_submit"),
    State(UNIVERSES.name, "value"),
    State(frame.field(FORM.page, "symbols"), "value"),
    prevent_initial_call=True,
)
def save(clicks: int | None, entered: int | None, name: str | None, chosen: list[str] | None) -> None:
    """Keep the symbols of the form under a name, those of universes among them one by one."""
    if not (clicks or entered):
        raise PreventUpdate
    try:
        symbols = symbol_list(unfolded(chosen or ()))
    except ValueError as error:
        raise StoreError(str(error)) from None
    known = universes.save(name or "", symbols)
    UNIVERSES.refresh(f"Saved {count(len(symbols), 'symbol')} as {UNIVERSE}{known}.")

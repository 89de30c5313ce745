"""Choices of the tabs of statistics beside the request: small controls in their cards, whose values the address holds.

A control comes into the page without a value and takes that of the address or the usual one in the browser
(``assets/38_view.js``): a callback of its ``asked`` value leaves the first, None, to ``chosen``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import dash_bootstrap_components as dbc
from dash import ALL, ClientsideFunction, Input, Output, State, clientside_callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard.pages.data import ids


@dataclass(frozen=True)
class Choice:
    """``options`` are titles by value; the address leaves out the ``usual`` one."""

    title: str
    options: Mapping[str, str]
    usual: str


CHOICES: Mapping[str, Choice] = MappingProxyType(
    {
        "method": Choice("Method", {"pearson": "Pearson", "spearman": "Spearman"}, "pearson"),
        "returns": Choice("Returns", {"bar": "Bar", "day": "Day", "week": "Week", "month": "Month"}, "day"),
        "window": Choice("Window, returns", {"20": "20", "60": "60", "120": "120", "250": "250"}, "60"),
        "period": Choice("Period", {"common": "Common days", "own": "All days"}, "common"),
        "season": Choice("Season", {"auto": "Auto", "year": "Year", "week": "Week", "day": "Day"}, "auto"),
        "bars": Choice("Window, bars", {"20": "20", "60": "60", "120": "120", "250": "250"}, "20"),
    }
)
PAIR = ("first", "second")


def control(name: str) -> Component:
    """The control of ``CHOICES[name]``."""
    choice, place = CHOICES[name], choice_id(name)
    items = [{"value": value, "label": title} for value, title in choice.options.items()]
    radio = dbc.RadioItems(id=place, name=frame.dom_id(place), options=items, value=None, className="seg")
    return html.Div(radio, role="radiogroup", title=choice.title, **{"aria-label": choice.title})


def pair_control(name: str) -> Component:
    """The choice of the ``first`` or ``second`` symbol of a pair."""
    title = f"{name.capitalize()} symbol"
    return html.Div(
        [
            html.Label(title, htmlFor=frame.dom_id(pair_id(name)), className="visually-hidden"),
            dbc.Select(id=pair_id(name), options=[], value=None, className="select"),
        ],
        title=title,
    )


def choice_id(name: str) -> frame.Id:
    return {"role": "data-choice", "name": name}


def pair_id(name: str) -> frame.Id:
    return {"role": "data-pair", "name": name}


def asked(name: str) -> Input:
    """What the control of ``CHOICES[name]`` says."""
    return Input(choice_id(name), "value")


def chosen(name: str, value: str | None) -> str:
    """The value of a control, the usual one for any that does not exist; ``PreventUpdate`` before it has one."""
    if value is None:
        raise PreventUpdate
    choice = CHOICES[name]
    return value if value in choice.options else choice.usual


def store(seen: Mapping[str, str]) -> Component:
    """The explicit choices, as the address has them, beside the usual ones."""
    explicit = {name: seen[name] for name, choice in CHOICES.items() if seen.get(name) in choice.options}
    explicit |= {name: seen[name] for name in PAIR if seen.get(name)}
    usual = {name: choice.usual for name, choice in CHOICES.items()} | dict.fromkeys(PAIR, "")
    return dcc.Store(id=ids.CHOICES, data={"explicit": explicit, "usual": usual})


clientside_callback(
    ClientsideFunction("stratoscope", "chosen"),
    Output({"role": "data-choice", "name": ALL}, "value"),
    Output(ids.CHOICES, "data"),
    Input({"role": "data-choice", "name": ALL}, "value"),
    Input({"role": "data-pair", "name": ALL}, "value"),
    State({"role": "data-choice", "name": ALL}, "id"),
    State({"role": "data-pair", "name": ALL}, "id"),
    State(ids.CHOICES, "data"),
)

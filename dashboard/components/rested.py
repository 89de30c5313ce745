"""Text that is typed into a list's search, known once the keys have rested: for what is too slow to ask at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import ClientsideFunction, Input, State, clientside_callback, dcc

from dashboard import ids
from dashboard.components.store import store


@dataclass(frozen=True)
class Rested:
    """The ``data`` of its store, in the layout once, are the last ``search_value`` of the list with the id ``field``;
    while letters follow each other they stay what they are.
    """

    field: Mapping[str, Any]

    @property
    def id(self) -> ids.Id:
        """Id of the store."""
        return {**self.field, "role": "rested"}

    def store(self) -> dcc.Store:
        """For the layout."""
        return store(self.id)

    def wire(self) -> None:
        """Register the callback in the browser (``assets/36_rested.js``)."""
        clientside_callback(
            ClientsideFunction("stratoscope", "rested"),
            Input(dict(self.field), "search_value"),
            State(self.id, "id"),
            State(dict(self.field), "id"),
            prevent_initial_call=True,
        )

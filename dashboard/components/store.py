"""Values that a page keeps beside what it shows."""

from __future__ import annotations

from typing import Any

from dash import dcc

from dashboard import ids


def store(id_: ids.Id | str, data: Any = None) -> dcc.Store:
    """A ``dcc.Store`` that is in the page's memory. ``None`` is left out of the page: a Store that is given null
    takes it for a change as it appears, and the server is asked by every callback that starts from it.
    """
    return dcc.Store(id=id_) if data is None else dcc.Store(id=id_, data=data)

"""A button that takes one small file, whose contents go to a callback at once.

``dcc.Upload`` drops a file that is too large, or of another ending, without a word: ``assets/37_file_button.js`` says
what is wrong with it.
"""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.ids import Id


def file_button(button: Component, id: str | Id, *, endings: tuple[str, ...], most: int) -> Component:
    """``contents`` of the component ``id`` is a file of at most ``most`` bytes, as a data URL; ``endings`` have their
    dots.
    """
    accept = ",".join(endings)
    taken = dcc.Upload(button, id=id, accept=accept, max_size=most, multiple=False)
    return html.Div(taken, className="file-button", **{"data-most": str(most), "data-endings": accept})

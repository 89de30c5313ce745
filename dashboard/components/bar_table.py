"""Small tables of numbers, with bars in them: what AG Grid would be too heavy for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.metric import defined


@dataclass(frozen=True)
class Bar:
    """``text`` beside a bar: from the middle to the right for a gain, to the left for a loss, full at a ``share`` of 1
    or -1.
    """

    text: str
    share: float


@dataclass(frozen=True)
class Signed:
    """``text`` in the colour of gain or loss, by the sign of ``value``."""

    text: str
    value: float | None


Cell = str | Bar | Signed
Head = tuple[str, str]
"""A column's title and what is shown on hover."""


def bar_table(head: Sequence[Head], rows: Sequence[Sequence[Cell]], *, empty: str = "No data.") -> Component:
    """The first column is words, the others numbers."""
    if not rows:
        return html.P(empty, className="state")
    spans = [2 if isinstance(cell, Bar) else None for cell in rows[0]]
    heads = zip(head, spans, strict=True)
    titles = html.Tr([_title(name, help, span) for (name, help), span in heads])
    body = [html.Tr(_row(cells, [name for name, _ in head])) for cells in rows]
    return html.Div(html.Table([html.Thead(titles), html.Tbody(body)], className="bar-table"), className="scroll-x")


def shares(values: Sequence[float]) -> list[float]:
    """Each value's part of the largest in size."""
    largest = max((abs(value) for value in values), default=0.0)
    return [value / largest if largest > 0 else 0.0 for value in values]


def _title(name: str, help: str, span: int | None) -> Component:
    """The title of a column; of one whose rows speak for themselves only readers of the screen are told."""
    words = name or html.Span("Group", className="unseen")
    return html.Th(words, scope="col", colSpan=span, **defined(help))


def _first(cell: Cell) -> Component:
    return html.Th(cell if isinstance(cell, str) else cell.text, scope="row")


def _row(cells: Sequence[Cell], names: Sequence[str]) -> list[Component]:
    """Numbers come with the name of their column, for where there is no room for columns."""
    named = zip(cells[1:], names[1:], strict=True)
    return [_first(cells[0]), *(part for cell, name in named for part in _cells(cell, {"data-label": name}))]


def _cells(cell: Cell, label: dict[str, str]) -> list[Component]:
    """One cell, or two for a bar: in a column of their own all bars start from one line."""
    if isinstance(cell, str):
        return [html.Td(cell, **label)]
    if isinstance(cell, Signed):
        is_zero = not any(digit in cell.text for digit in "123456789")
        return [html.Td(cell.text, className="" if is_zero else _tone(cell.value), **label)]
    width = {"width": f"{50 * min(abs(cell.share), 1):.1f}%"}
    mark = html.Div(html.I(className=_tone(cell.share), style=width), className="bar-zone")
    return [html.Td(mark, className="bar-cell", **{"aria-hidden": "true"}), html.Td(cell.text, **label)]


def _tone(value: float | None) -> str:
    return "" if not value or value != value else "gain" if value > 0 else "loss"

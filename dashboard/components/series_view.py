"""The part of a result that is on screen: symbol, range, scale and zoom of one chart, which are no part of the request.

``wire`` registers what every such chart has in common; its own callback takes ``inputs`` as one argument, a ``Seen``,
or with ``whole`` the result, the symbol and the zoom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html, no_update
from dash.development.base_component import Component
from typing_extensions import TypedDict

from dashboard import ids
from dashboard.charts import window
from dashboard.charts.price import WIDTH
from dashboard.components.store import store
from dashboard.security.payloads import ResultData
from engine.market.bars import Bars

WHOLE = "all"
"""The span of a chart that has no choice of it, as ``assets/37_zoom.js`` has it."""
SPANS = {"91": "3M", "365": "1Y", "1826": "5Y", WHOLE: "All"}
FEWEST, MOST = 150, 700
"""Candles that are drawn."""
SCALES = {"linear": "Linear", "log": "Log"}


class Seen(TypedDict):
    """What a chart is to show, as the browser says it: of the page's result, one symbol, its last ``span`` days, and of
    these what was zoomed to.
    """

    data: ResultData
    symbol: str | None
    span: str
    scale: str
    zoom: Any


@dataclass(frozen=True)
class SeriesView:
    """The controls of ``chart``, a graph of ``page``; ``span`` and ``scale`` are ids of controls made elsewhere. One
    that is always of the ``whole`` range has neither. Ids begin with ``name``, that of the page unless another chart
    there has it; the store ``source`` holds what is drawn, the page's result unless it is another.
    """

    page: str
    chart: str
    span: ids.Id | str = ""
    scale: ids.Id | str = ""
    name: str = ""
    source: ids.Id | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.page)
        object.__setattr__(self, "source", self.source or ids.result(self.page))
        object.__setattr__(self, "span", self.span or f"{self.page}-span")
        object.__setattr__(self, "scale", self.scale or f"{self.page}-scale")

    @property
    def symbol(self) -> str:
        """Id of the select."""
        return f"{self.name}-symbol"

    @property
    def zoom(self) -> str:
        """Store: ``{"keep", "range", "zone", "width"}``: the range that the chart was zoomed to, what it is a range of,
        the time zone of its clock, and the width of the chart in pixels.
        """
        return f"{self.name}-view"

    @property
    def moved(self) -> str:
        """Store: Plotly's report of a zoom, of a chart that ``follows`` it (``graph``)."""
        return f"{self.name}-moved"

    def problem(self) -> Component:
        """For the panel: what is wrong with the form as a whole."""
        return html.Div(id=self._problem, className="run-problem", role="alert")

    def controls(self) -> list[Component]:
        """For the panel: how to look at the series. The symbol's row is shown where there are several."""
        return [
            html.H2("Display"),
            self.symbol_row(),
            _row("Range", _segments(str(self.span), SPANS, WHOLE)),
            _row("Scale", _segments(str(self.scale), SCALES, "log")),
        ]

    def symbol_row(self, symbol: str | None = None) -> Component:
        """The choice of the symbol, of which ``symbol`` is in sight at first."""
        picker = dbc.Select(id=self.symbol, options=[], value=symbol, className="select")
        return html.Div(_row("Symbol", picker, self.symbol), id=self._row, hidden=True)

    def symbol_tool(self, title: str) -> Component:
        """The same for the title line of the chart; ``title`` is read to who does not see it."""
        label = html.Label(title, htmlFor=self.symbol, className="unseen")
        select = dbc.Select(id=self.symbol, options=[], className="select small", size="sm")
        return html.Div([label, select], id=self._row, hidden=True)

    def stores(self, zoom: Mapping[str, Any] | None = None) -> list[Component]:
        """For the results; ``zoom`` is in sight at first."""
        return [store(self.zoom, zoom), dcc.Store(id=self.moved)]

    def inputs(self) -> dict[str, Input]:
        """The parts of ``Seen``, each of which draws the chart anew."""
        chosen = {} if self.whole else {"span": Input(self.span, "value"), "scale": Input(self.scale, "value")}
        return {
            "data": Input(self.source, "data"),
            "symbol": Input(self.symbol, "value"),
            **chosen,
            "zoom": Input(self.zoom, "data"),
        }

    def states(self) -> dict[str, State]:
        """The same apart from the result, as states: for who draws it together with the result."""
        parts = self.inputs().items()
        return {name: State(item.component_id, item.component_property) for name, item in parts if name != "data"}

    def wire(self, symbols: Callable[[ResultData], Sequence[str]]) -> None:
        """Register the callbacks; ``symbols`` of a result can be looked at, and raises ``PreventUpdate`` for none."""
        callback(
            Output(self.symbol, "options"),
            Output(self.symbol, "value"),
            Output(self._row, "hidden"),
            inputs={
                "data": Input(self.source, "data"),
                "symbol": State(self.symbol, "value"),
                "listed": State(self.symbol, "options"),
            },
        )(partial(offer, symbols))
        clientside_callback(
            ClientsideFunction("stratoscope", "zoomed"),
            Output(self.zoom, "data"),
            Input(ids.graph(self.chart), "relayoutData"),
            Input(self.moved, "data"),
            State(self.source, "data"),
            State(self.symbol, "value"),
            *(() if self.whole else (State(self.span, "value"),)),
            prevent_initial_call=True,
        )

    def wire_problem(self) -> None:
        """Without a run button, the bar that says what is wrong with the form as a whole is out of sight."""
        clientside_callback(
            ClientsideFunction("stratoscope", "passed"),
            Output(self._problem, "children"),
            Input(ids.part("run-problem", self.page), "children"),
        )

    @property
    def _row(self) -> str:
        return f"{self.name}-symbol-row"

    @property
    def _problem(self) -> str:
        return f"{self.page}-problem"


def offer(
    symbols: Callable[[ResultData], Sequence[str]], data: ResultData, symbol: str | None, listed: Any = None
) -> tuple[Any, Any, bool]:
    """The symbols that can be looked at; the one on screen stays while it is among them. What stays as it is starts
    nothing anew.
    """
    names = symbols(data)
    options = [{"value": name, "label": name} for name in names]
    return no_update if options == listed else options, no_update if symbol in names else names[0], len(names) == 1


def subject(data: ResultData, symbol: str | None, span: str = WHOLE) -> str:
    """What a zoom belongs to: another run, symbol or range starts with all of itself in sight. ``assets/37_zoom.js``
    writes the same.
    """
    return f"{(data or {}).get('key')} {symbol} {span}"


def zoom_of(seen: Seen, bars: Bars) -> tuple[str, window.Window | None]:
    """What the chart's zoom belongs to, and the part of ``bars`` to draw."""
    keep = subject(seen["data"], seen["symbol"], seen["span"])
    return keep, window.held_window(seen["zoom"], keep) or window.last_days(bars, seen["span"])


def pixels(zoom: Any, screen: object) -> int:
    """The plot's width: as the browser says it with a zoom, else by that of the screen."""
    width = zoom.get("width") if isinstance(zoom, Mapping) else None
    if isinstance(width, int) and width > 0:
        return min(width, _WIDEST)
    if not isinstance(screen, int) or screen <= 0:
        return WIDTH
    return min(max(screen - (_BESIDE if screen > _NARROW else _MARGINS), 200), _WIDEST)


_NARROW, _BESIDE, _MARGINS, _WIDEST = 900, 480, 90, 8_000
"""Pixels: of a screen with the panel above the chart, what is beside the plot with it and without, and the most."""


def candles_for(zoom: Any) -> int:
    """How many candles the chart has room for, two pixels each, by its width as the browser says it."""
    width = zoom.get("width") if isinstance(zoom, Mapping) else None
    return min(max(width // 2, FEWEST), MOST) if isinstance(width, int) and width else MOST


def _row(title: str, control: Component, labelled: str = "") -> Component:
    """A control that is no field of the spec, in the form's own look."""
    name = html.Label(title, htmlFor=labelled, className="f-label")
    if not labelled:
        name = html.Span(title, className="f-label")
    group = {} if labelled else {"role": "radiogroup", "aria-label": title}
    parts = [html.Div(name, className="f-name"), html.Div(control, className="f-control", **group)]
    return html.Div(parts, className="f")


def _segments(id: str, options: dict[str, str], value: str) -> Component:
    items = [{"value": key, "label": text} for key, text in options.items()]
    return dbc.RadioItems(id=id, name=id, options=items, value=value, className="seg")

"""Controls of the sweep's tab: what they select, and which combination a click means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dash.exceptions import PreventUpdate
from typing_extensions import TypedDict

from dashboard.charts import sweep as chart
from dashboard.charts.sweep import MapInfo
from dashboard.charts.sweep_cells import View
from dashboard.components.controls import labelled
from dashboard.pages.backtest import ids
from dashboard.security.payloads import Rows
from dashboard.text.sweeps import axis_labels, metric_names
from engine.backtest.metrics import METRICS
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.stress import is_stress
from engine.backtest.sweeps.views import best_plateau
from engine.core.errors import SpecError

WHOLE = "*"  # the value of the select of symbols that shows the request as a whole
OVERS = {"holding": "Excess over holding", "value": "Value"}
RESTS = {"best": "Best", "median": "Median", "mean": "Mean"}
FIXED, STOPS = "at ", 100  # a value "at strategy.fast" of the select holds that axis; most values of its slider


@dataclass(frozen=True)
class Choice:
    """The combination that was clicked; one that ``opens`` is to be run in full, with all symbols. ``of`` is what the
    map is to show from now on, if anything else: the whole or a symbol, as the select says it.
    """

    index: int
    opens: bool
    of: str | None = None


class Clicked(TypedDict):
    """What was clicked, as the browser says it: a cell of the map, rows of the table, rows of the symbols."""

    point: Mapping[str, Any] | None
    rows: Rows
    symbols: Rows


def view_of(result: SweepResult, values: Mapping[str, Any]) -> View:
    """The view selected, as far as this result has it; else the objective over the first two axes, of the
    others the best.
    """
    axes = result.axes
    x = values["x"] if values.get("x") in axes else axes[0]
    others = [path for path in axes if path != x]
    y = values["y"] if values.get("y") in others else next(iter(others), None)
    name = values["metric"] if values.get("metric") in metric_names(result) else result.objective
    symbol = values["symbol"] if values.get("symbol") in result.parts else None
    over: Any = "" if values.get("over") == "value" or name not in chart.OVER else "holding"
    over = over if np.isfinite(result.held(name, symbol)) else ""
    rest = str(values.get("rest"))
    path = rest.removeprefix(FIXED)
    if rest.startswith(FIXED) and path in others and path != y:
        return View(name, x, y, symbol, fixed=((path, stop(result, path, values.get("at"))),), over=over)
    return View(name, x, y, symbol, rest if rest in RESTS else "best", over=over)


def demanding(result: SweepResult, values: Mapping[str, Any]) -> SweepResult:
    """The result with the trades that are asked for: what has fewer is never the best."""
    least = values.get("least")
    return result.demanding(min(int(least), 10**9) if isinstance(least, int | float) and least > 0 else 0)


def window_of(stored: Any, keep: str) -> tuple[float, float, float, float] | None:
    """The part of the map in sight that the browser holds for ``keep``; None for all."""
    try:
        left, right, low, high = (float(end) for end in stored["range"]) if stored["keep"] == keep else ()
    except (TypeError, KeyError, ValueError):
        return None
    return left, right, low, high


def zoomed(shown: View, moved: Any) -> tuple[float, float, float, float] | None:
    """The part of the map in sight, by Plotly's report of a change; None for all. Raises ``PreventUpdate`` where that
    is about something else.
    """
    try:
        if moved.get("xaxis.autorange") or moved.get("yaxis.autorange"):
            return None
        ends = [float(moved[f"{side}axis.range[{end}]"]) for side in ("xy" if shown.y else "x") for end in (0, 1)]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise PreventUpdate from None
    if not np.isfinite(ends).all():
        raise PreventUpdate
    left, right, low, high = ends if shown.y else (*ends, 0.0, 0.0)
    return min(left, right), max(left, right), min(low, high), max(low, high)


def swapped(values: Mapping[str, Any], drawn: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Where both sides of the map are to show one axis, the side that was not touched takes the other's place; a slider
    starts in the middle.
    """
    before = drawn or {}
    if values.get("rest") != before.get("rest"):
        values = {**values, "at": None}
    if values.get("x") != values.get("y") or before.get("key") != values.get("key"):
        return values
    side = "y" if values["x"] != before.get("x") else "x"
    return {**values, side: before.get("x" if side == "y" else "y")}


def asked(result: SweepResult, shown: View) -> dict[str, Any]:
    """The values of the controls for what is shown."""
    at = 0
    if shown.fixed:
        path, value = shown.fixed[0]
        at = int(np.argmin(np.abs(np.array(stops(result, path)) - value)))
    rest = f"{FIXED}{shown.fixed[0][0]}" if shown.fixed else shown.rest
    return {"metric": shown.metric, "x": shown.x, "y": shown.y or "", "symbol": shown.symbol or WHOLE, "rest": rest,
            "over": "holding" if shown.over else "value", "at": at}  # fmt: skip


def controls(result: SweepResult, shown: View) -> tuple[Any, ...]:
    """Options and value of each select, which of them are hidden, then the slider's end, value, place and words."""
    known, values = {side.path: side for side in axis_labels(result)}, asked(result, shown)
    axes = [(path, side.title) for path, side in known.items()]
    others = [path for path in known if path not in (shown.x, shown.y)]
    costs = all(is_stress(path) for path in others)
    words = {**RESTS, "best": "As in the backtest"} if costs else RESTS
    rests = [*words.items(), *((f"{FIXED}{path}", f"Fixed {known[path].title.lower()}") for path in others)]
    offered = {
        "metric": [(name, METRICS[name].title) for name in metric_names(result)],
        "x": axes,
        "y": axes,
        "symbol": [(WHOLE, "Portfolio"), *((name, name) for name in result.parts)],
        "rest": rests,
        "over": list(OVERS.items()),
    }
    has_holding = shown.metric in chart.OVER and np.isfinite(result.held(shown.metric, shown.symbol))
    hidden = False, False, len(axes) < 2, not result.parts, not others, not has_holding
    last, text = 1, ""
    if shown.fixed:
        path, value = shown.fixed[0]
        last, text = max(len(stops(result, path)) - 1, 1), f"{known[path].title} {known[path].text(value)}"
    parts = [part for name, items in offered.items() for part in (labelled(items), values[name])]
    return *parts, *hidden, last, values["at"], not shown.fixed, text


def stops(result: SweepResult, path: str) -> tuple[float, ...]:
    """The values of an axis that its slider stops at."""
    values = result.values[result.axes.index(path)]
    return values[:: -(-len(values) // STOPS)]


def stop(result: SweepResult, path: str, place: object) -> float:
    """The value at a place of an axis's slider; the middle one for none."""
    values = stops(result, path)
    at = place if isinstance(place, int) and not isinstance(place, bool) else len(values) // 2
    return values[min(max(at, 0), len(values) - 1)]


def form_mark(result: SweepResult, shown: View, base: object) -> chart.Mark | None:
    """Where the parameters of ``base``, the JSON text of the page's form, lie on the map; None for none in sight."""
    try:
        spec = BacktestSpec.parse(json.loads(base)) if isinstance(base, str) else None
    except (ValueError, SpecError):
        return None
    return None if spec is None else chart.here(result, shown, spec)


def switch(info: MapInfo, contour: bool) -> str:
    """What the switch between cells and contours leads to; nothing where the map has no contours."""
    return "" if info.y_side is None or not chart.has_contours(info) else "Heatmap" if contour else "Contours"


def chosen(result: SweepResult, shown: View, clicked: Any) -> int | None:
    """The combination that was chosen last, of this result; else the plateau's, or that of the backtest itself; None
    where it is none.
    """
    index = clicked.get("index") if isinstance(clicked, Mapping) and clicked.get("of") == len(result) else None
    if isinstance(index, int) and 0 <= index < len(result):
        return index
    plateau = best_plateau(result, symbol=shown.symbol)
    return plateau.index if plateau else own_place(result)


def own_place(result: SweepResult) -> int | None:
    """The combination that the backtest itself is."""
    return result.place_of(BacktestSpec.parse(json.loads(result.base)))


def choice(result: SweepResult, shown: View, cause: str, clicked: Clicked, before: Any) -> Choice | None:
    """What a click means: a row, the button, or a cell that was clicked twice opens a run, always with all symbols; a
    row of the symbols turns the map to one of them; a cell and the words above only show a combination. None where it
    means nothing.
    """
    now = chosen(result, shown, before)
    if cause == ids.SWEEP_MAP:
        index = _clicked(result, shown, clicked["point"])
        return None if index is None else Choice(index, bool((clicked["point"] or {}).get("twice")))
    if cause == ids.SWEEP_TABLE:
        index = _row(clicked["rows"], len(result))
        return None if index is None else Choice(index, True)
    if cause == ids.SWEEP_SYMBOLS:
        symbols = clicked["symbols"]
        name = symbols[0].get("id") if symbols and isinstance(symbols[0], Mapping) else None
        return Choice(now, False, str(name)) if now is not None and name in (WHOLE, *result.parts) else None
    if cause == ids.SWEEP_OPEN:
        return None if now is None else Choice(now, True)
    best = result.best(symbol=shown.symbol, count=1)
    index = int(best[0]) if cause == ids.SWEEP_BEST and len(best) else chosen(result, shown, None)
    return None if index is None else Choice(index, False)


def _clicked(result: SweepResult, shown: View, clicked: Any) -> int | None:
    try:
        point = clicked["points"][0]
        x, y = float(point["x"]), float(point["y"])
    except (TypeError, KeyError, IndexError, ValueError):
        return None
    return chart.cell(result, shown, x, y)


def _row(rows: Any, count: int) -> int | None:
    id_ = rows[0].get("id") if rows and isinstance(rows[0], Mapping) else None
    if not (isinstance(id_, str) and id_.isascii() and id_.isdigit() and len(id_) < 10 and int(id_) < count):
        return None
    return int(id_)

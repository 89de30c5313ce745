"""Results of benchmarks in tables."""

from __future__ import annotations

import math

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.components.bar_table import Cell, Signed, bar_table
from dashboard.text.format import MISSING, grouped, number, significant
from engine.benchmarks import exchange
from engine.benchmarks.advice import advice
from engine.benchmarks.claims import claims
from engine.benchmarks.exchange import ResultFile
from engine.benchmarks.result import BenchmarkResult

LIBRARIES = {"numpy": "NumPy", "torch": "torch", "mlx": "MLX"}
MOST = 200  # rows of a table
TARGETS = "Set for an Apple M1 Pro at full size; at a smaller one it shrinks with the work."


def seconds(value: float | None) -> str:
    """``1.24 s``, ``12.3 ms`` or ``45.6 µs``."""
    if value is None or not math.isfinite(value):
        return MISSING
    scale, unit = _unit(value)
    return f"{significant(value / scale)} {unit}"


def seconds_range(low: float, high: float) -> str:
    """``12.1 to 12.6 ms``, both in the unit of the longer one."""
    if not math.isfinite(low):
        return MISSING
    scale, unit = _unit(high)
    return f"{significant(low / scale)} to {significant(high / scale)} {unit}"


def _unit(value: float) -> tuple[float, str]:
    return next((item for item in ((1.0, "s"), (1e-3, "ms")) if value >= item[0]), (1e-6, "µs"))


def advised(result: BenchmarkResult) -> Component:
    """Each piece of work at its largest size: NumPy, torch and MLX, and what to use for it."""
    found = [told for item in result.results if (told := advice(item, len(item.sizes) - 1))]
    named = [name for name in LIBRARIES if any(name in told.seconds for told in found)]
    head = [("Work", ""), *((LIBRARIES[name], "Median of one call.") for name in named), ("Use", "")]
    rows: list[list[Cell]] = [
        [grouped(told.work), *(seconds(told.seconds.get(name)) for name in named), told.sentence] for told in found
    ]
    return _told(bar_table(head, rows[:MOST], empty="Nothing was timed."))


def claimed(result: BenchmarkResult) -> Component:
    """Published ratios beside those of this machine."""
    rows: list[list[Cell]] = [
        [claim.text, " to ".join(_times(value) for value in dict.fromkeys(claim.published)),
         _times(claim.measured), f"{claim.verdict()} {grouped(claim.how)}."]
        for claim in claims(result)
    ]  # fmt: skip
    return _told(bar_table([("Claim", ""), ("Published", ""), ("Here", ""), ("Verdict", "")], rows))


def _told(table: Component) -> Component:
    """A table whose last column is sentences."""
    return html.Div(table, className="told stacks")


def held(result: BenchmarkResult) -> list[Component]:
    """Each figure that has a target, beside it; nothing where none has."""
    rows: list[list[Cell]] = [
        [f"{grouped(item.labels[size])}, {item.titles[row]}", seconds(_known(item.median[row, size])),
         seconds(item.target[row, size]), _verdict(item.median[row, size], item.target[row, size])]
        for item in result.results if item.target.size
        for row, size in np.argwhere(np.isfinite(item.target))
    ]  # fmt: skip
    head = [("Reference", ""), ("Here", "Median of one call."), ("Target", TARGETS), ("Verdict", "")]
    return [bar_table(head, rows)] if rows else []


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _verdict(taken: float, target: float) -> Cell:
    if not math.isfinite(taken):
        return "not timed"
    word = "met" if taken <= target else "missed"
    return Signed(f"{word}, {_times(taken / target)} the time", target - taken or 1.0)


def _times(value: float) -> str:
    return number(value, 2, "×").replace(" ", "")


def compared(result: BenchmarkResult, other: ResultFile) -> list[Component]:
    """What both have measured, and how many times as fast this machine is."""
    theirs = {(row.work, row.variant): row.median for row in other.rows}
    rows: list[list[Cell]] = []
    for own in exchange.rows(result):
        met = theirs.get((own.work, own.variant))
        if met:
            ratio = Signed(f"{number(met / own.median, 2)}×", met / own.median - 1)
            rows.append([f"{grouped(own.work)}, {own.title}", seconds(own.median), seconds(met), ratio])
    head = [("Work", ""), ("This result", "Median."), ("File", "Median."), ("Speed-up", "File over this result.")]
    table = bar_table(head, rows[:MOST], empty="The file has no work in common with this result.")
    return [html.P(f"Against {other.machine}", className="hint pad"), table]

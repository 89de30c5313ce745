"""A benchmark's result as the page prints it, and the earlier ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.charts.benchmark import BenchmarkInfo
from dashboard.text.format import MINUS, MISSING, number, percent
from engine.benchmarks.result import BASELINE, BenchmarkResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.devices import NAMES
from engine.jobs import runner

LISTED, COMPARED, SEARCHED = 8, 8, 100
NOISY = 0.25  # distance of the quartiles over the median from which a timing deserves a second one


def rows(result: BenchmarkResult) -> list[dict[str, str]]:
    """A row of text for each device."""
    speed_up = result.speed_up()
    return [
        {
            "device": NAMES[name],
            "median": _text(1e3 * result.median[index], " ms"),
            "quartiles": _range(1e3 * result.lower[index], 1e3 * result.upper[index]),
            "speed_up": number(speed_up[index], 2, "×").replace(" ", ""),
            "rate": _text(result.rate[index], f" {result.unit}"),
            "error": scientific(result.error[index]),
            "allowed": f"{scientific(result.bound)} is allowed.",
            "threads": str(result.threads[index]),
            "note": note(result, index),
        }
        for index, name in enumerate(result.devices)
    ]


def live_rows(info: BenchmarkInfo) -> list[dict[str, str]]:
    """The same while the benchmark runs: medians so far."""
    return [
        {
            "device": NAMES[name],
            "median": _text(1e3 * info.seconds[index], " ms"),
            "speed_up": number(info.speed_up[index], 2, "×").replace(" ", ""),
            "note": "so far" if math.isfinite(info.seconds[index]) else "waiting for its turn",
        }
        for index, name in enumerate(info.devices)
    ]


def note(result: BenchmarkResult, index: int) -> str:
    """Why a device is not used, or what else there is to say."""
    if result.note[index]:
        return result.note[index]
    return "" if result.usable[index] else "Not usable here."


def sub(spec: BenchmarkSpec, result: BenchmarkResult, has_earlier: bool) -> list[Component | str]:
    """What stands behind the chart's title; a noisy measurement is called so."""
    text = f"{spec.workload.label()}, whisker = quartiles{', ring = earlier take' if has_earlier else ''}"
    noise = result.noise()
    if math.isnan(noise):
        return [text]
    if noise <= NOISY:
        return [f"{text}, noise {percent(noise, 0)}"]
    help = "Distance of the quartiles over the median: the machine was busy with other work. Measure again."
    return [html.Span(f"noise {percent(noise, 0)}", className="chip warn", title=help), f" {text}"]


def takes(key: str, spec: BenchmarkSpec) -> list[BenchmarkResult]:
    """The latest other takes of the same work, newest first: same workload, same machine, same libraries."""
    found = _stored(lambda other, item: other != key and item.workload == spec.workload)
    return [result for _, _, result in islice(found, COMPARED)]


def earlier(kind: str | None, shown: str) -> list[Component]:
    """Benchmarks of one kind of workload, or of all, newest first; ``shown`` is the key of the one on the page."""
    found = _stored(lambda _, item: kind in (None, item.workload.kind))
    entries = [_entry(key, spec, result, key == shown) for key, spec, result in islice(found, LISTED)]
    return entries or [html.P("Nothing has been measured on this machine yet.", className="hint")]


def _stored(wanted: Callable[[str, BenchmarkSpec], bool]) -> Iterator[tuple[str, BenchmarkSpec, BenchmarkResult]]:
    """Benchmarks that the present code, machine and libraries would find again, newest first."""
    for key, spec in runner.recent_runs("benchmark", SEARCHED):
        if isinstance(spec, BenchmarkSpec) and wanted(key, spec) and runner.run_key(spec) == key:
            result = runner.store().read(key, BenchmarkResult)
            if result is not None:
                yield key, spec, result


def _entry(key: str, spec: BenchmarkSpec, result: BenchmarkResult, is_shown: bool) -> Component:
    when = datetime.fromtimestamp(result.measured).strftime("%Y-%m-%d %H:%M")
    speeds = [
        f"{NAMES[name]} {number(value, 2)}×"
        for name, value in zip(result.devices, result.speed_up(), strict=True)
        if name != BASELINE and math.isfinite(value)
    ]
    words = html.Span(", ".join([when, *speeds]), className="hint")
    mark: Component = html.Span("shown", className="chip")
    if not is_shown:
        mark = dcc.Link("Open", href=f"/hardware?spec={state.to_query(spec)}", className="link-button")
    return html.Div([html.Div([html.B(spec.label()), words]), mark], className="job", key=key)


def significant(value: float) -> str:
    """Three digits that count, without an exponent: ``0.0123``, ``1.23``, ``1,230``."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return number(round(value, digits), max(digits, 0))


def scientific(value: float) -> str:
    """``8.9e−07``; a result with missing or infinite values has no error to speak of."""
    if math.isnan(value):
        return MISSING
    return f"{value:.1e}".replace("-", MINUS) if math.isfinite(value) else "infinite"


def _text(value: float, unit: str) -> str:
    return f"{significant(value)}{unit}" if math.isfinite(value) else MISSING


def _range(low: float, high: float) -> str:
    return f"{significant(low)} to {significant(high)}" if math.isfinite(low) else MISSING

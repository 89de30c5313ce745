"""A benchmark's result as the page prints it, and the earlier ones."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import state
from dashboard.charts.benchmark import BenchmarkInfo
from dashboard.pages.hardware.benchmarks.view import seconds, seconds_range
from dashboard.text.format import MINUS, MISSING, grouped, minute, number, percent, significant
from engine import devices
from engine.benchmarks.advice import verdict
from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.benchmarks.spec import BenchmarkSpec
from engine.core import libraries
from engine.core.sizes import size_text
from engine.core.spec import kind_name
from engine.jobs import actions
from engine.jobs.actions import Performed

LISTED, COMPARED, SEARCHED = 8, 8, 100
STEADY = 0.1  # the same of a fixed piece of work, from which the machine is called noisy
NOISY = 0.25  # distance of the quartiles over the median from which a timing deserves a second one


def rows(result: WorkloadResult, baseline: str = "") -> list[dict[str, str]]:
    """A row of text for each variant at each size, all of one size together; speed-ups are over the ``baseline``."""
    cells = np.ndindex(len(result.sizes), len(result.variants))
    return [_row(result, variant, size, baseline) for size, variant in cells]


def baselines(result: WorkloadResult) -> list[dict[str, str]]:
    """The variants that speed-ups may be relative to, as options; the reference first."""
    named = sorted(zip(result.variants, result.titles, strict=True), key=lambda pair: pair[0] != result.reference)
    return [{"value": name, "label": title} for name, title in named]


def _row(result: WorkloadResult, variant: int, size: int, baseline: str) -> dict[str, str]:
    at = variant, size
    return {
        "variant": result.titles[variant],
        "size": number(result.sizes[size], 0),
        "work": grouped(result.labels[size]),
        "median": seconds(result.median[at]),
        "quartiles": seconds_range(result.lower[at], result.upper[at]),
        "speed_up": number(result.speed_up(baseline=baseline)[at], 2, "×").replace(" ", ""),
        "rate": _text(result.rate[at], f" {result.unit}"),
        "error": scientific(result.error[at]),
        "allowed": f"Tolerance: {scientific(result.bound[size])} against {result.expected}.",
        "peak": size_text(result.peak[at]) if result.peak.size and math.isfinite(result.peak[at]) else MISSING,
        "energy": _energy(result, variant, size),
        "threads": str(result.threads[variant]),
    }


def _energy(result: WorkloadResult, variant: int, size: int) -> str:
    """``1.23 ± 0.05 J``; a dash where no counter told."""
    if not result.energy.size or not math.isfinite(result.energy[variant, size]):
        return MISSING
    joules, error = result.energy[variant, size], result.energy_error[variant, size]
    return f"{significant(joules)} ± {significant(error)} J"


def live_rows(info: BenchmarkInfo) -> list[dict[str, str]]:
    """The same while the benchmark runs: medians so far."""
    return [
        {
            "variant": title,
            "median": seconds(info.seconds[index]),
            "quartiles": "so far" if math.isfinite(info.seconds[index]) else "pending",
            "speed_up": number(info.speed_up[index], 2, "×").replace(" ", ""),
        }
        for index, title in enumerate(info.titles)
    ]


def note(result: WorkloadResult, variant: int, size: int) -> str:
    """Why a variant is not used, or what else there is to say."""
    said = " ".join(part for part in (verdict(result, variant, size), result.notes[variant][size]) if part)
    if said:
        return said
    return "" if result.usable[variant, size] else "Not usable on this machine."


def sub(benchmark: BenchmarkResult, result: WorkloadResult, has_earlier: bool) -> list[Component | str]:
    """Text after the chart's title; a measurement that is noisy, or of another machine, is called so."""
    many = len(result.sizes) > 1
    reference = dict(zip(result.variants, result.titles, strict=True)).get(result.reference, result.reference)
    drawn = f"{result.unit} by {result.axis.lower()}" if many else f"speed-up over {reference}"
    rings = ", ring = earlier measurement" if has_earlier else ""
    text = f"{grouped(result.label)}: {drawn}, whisker = quartiles{rings}"
    noise = result.noise()
    marks = [*_elsewhere_chip(benchmark), *_unsteady(benchmark)]
    if math.isnan(noise):
        return [*marks, f" {text}" if marks else text]
    if noise <= NOISY:
        return [*marks, f"{' ' if marks else ''}{text}, noise {percent(noise, 0)}"]
    help = "Interquartile range over the median: the machine was busy with other work. Measure again."
    return [*marks, html.Span(f"noise {percent(noise, 0)}", className="chip warn", title=help), f" {text}"]


def _unsteady(result: BenchmarkResult) -> list[Component | str]:
    """Marks of a machine that was not steady before the first timing, or that had other jobs meanwhile."""
    found: list[Component] = []
    if result.relative_iqr > STEADY:
        varied = percent(result.relative_iqr, 0)
        text = f"A fixed piece of work varied by {varied} between its quartiles before the timings."
        found.append(html.Span("noisy machine", className="chip warn", title=text))
    if result.beside:
        text = "Other jobs of the workbench ran while this was measured."
        found.append(html.Span("beside other jobs", className="chip warn", title=text))
    return [part for chip in found for part in (chip, " ")]


def remarks(benchmark: BenchmarkResult, result: WorkloadResult) -> list[Component]:
    """What there is to say of the variants, then those of the workload that could not be measured, each with the
    reason, and why energy was not.
    """
    energy = [("Energy", benchmark.no_energy)] if benchmark.no_energy else []
    return [
        html.Div(html.Div([html.B(title), html.Span(words, className="hint")]), className="job")
        for title, words in (*_notes(result), *result.absent.items(), *energy)
    ]


def _notes(result: WorkloadResult) -> list[tuple[str, str]]:
    """By variant, and by size where there are several."""
    found = []
    for size, variant in np.ndindex(len(result.sizes), len(result.variants)):
        at = f", {result.axis.lower()} {number(result.sizes[size], 0)}" if len(result.sizes) > 1 else ""
        if words := note(result, variant, size):
            found.append((f"{result.titles[variant]}{at}", words))
    return found


def choices(result: BenchmarkResult) -> list[dict[str, Any]]:
    """The workloads of a suite as options; their values are their places."""
    return [{"value": index, "label": grouped(item.label)} for index, item in enumerate(result.results)]


def chosen(result: BenchmarkResult, place: object) -> WorkloadResult:
    """The workload that is to be shown: the first where the choice is of another result."""
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(result.results):
        return result.results[place]
    return result.results[0]


def elsewhere(result: BenchmarkResult) -> str:
    """Why the timings are not to be compared with what this machine measures now; "" where they are."""
    machine = devices.machine().describe()
    if result.machine != machine:
        return f"Measured on another machine: {result.machine}."
    now = libraries.installed(sorted(result.versions))
    changed = [f"{name} {version}" for name, version in result.versions.items() if now.get(name) != version]
    if changed:
        return f"Measured with other versions: {', '.join(changed)}."
    return "" if result.fingerprint == devices.fingerprint() else "Measured with other libraries."


def others(done: Performed, shown: WorkloadResult) -> list[WorkloadResult]:
    """The latest other measurements of the work that is shown, newest first: same workload and sizes, by the machine
    and the libraries that it was measured with.
    """
    return [item for _, item in reversed(dated_others(done, shown))]


def dated_others(done: Performed, shown: WorkloadResult) -> list[tuple[float, WorkloadResult]]:
    """The same, each with the seconds since 1970 of its measurement, the oldest first."""
    found = (
        item.report
        for item in actions.performed(kind_name(BenchmarkSpec), SEARCHED)
        if item.id != done.id
        and (item.action.workload, item.action.sizes) == (done.action.workload, done.action.sizes)
        and _setting(item.report) == _setting(done.report)
    )
    parts = [(result.measured, part) for result in islice(found, COMPARED) for part in result.results]
    return [(when, part) for when, part in parts if part.labels == shown.labels][::-1]


def _setting(result: BenchmarkResult) -> tuple[object, ...]:
    """What timings must have in common to be compared."""
    return result.machine, result.versions, result.fingerprint


def earlier(shown: Performed | None) -> list[Component]:
    """Measurements of the kind of workload that is ``shown``, or of every one, newest first."""
    kind = shown.action.workload.kind if shown else None
    found = (
        item
        for item in actions.performed(kind_name(BenchmarkSpec), SEARCHED)
        if kind in (None, item.action.workload.kind)
    )
    entries = [_entry(item, shown is not None and item.id == shown.id) for item in islice(found, LISTED)]
    return entries or [html.P("No measurements yet.", className="hint")]


def _entry(done: Performed, is_shown: bool) -> Component:
    when = minute(done.report.measured)
    first = done.report.results[0]
    speeds = [
        f"{title} {number(value, 2)}×"
        for name, title, value in zip(first.variants, first.titles, first.speed_up()[:, -1], strict=True)
        if name != first.reference and math.isfinite(value)
    ]
    words = html.Span(", ".join([when, *speeds]), className="hint")
    mark: Component = html.Span("shown", className="chip")
    if not is_shown:
        mark = dcc.Link("Open", href=f"/hardware?spec={state.report_query(done.id)}", className="link-button")
    body = html.Div([html.B(grouped(done.label)), words])
    ends = html.Div([*_elsewhere_chip(done.report), mark], className="job-ends")
    return html.Div([body, ends], className="job", key=done.id)


def _elsewhere_chip(result: BenchmarkResult) -> list[Component]:
    """A mark of a result that is not to be compared."""
    reason = elsewhere(result)
    if not reason:
        return []
    text = "another machine" if "another machine" in reason else "other libraries"
    return [html.Span(text, className="chip warn", title=reason)]


def scientific(value: float) -> str:
    """``8.9e−07``; a result with missing or infinite values has no error to speak of."""
    if math.isnan(value):
        return MISSING
    return f"{value:.1e}".replace("-", MINUS) if math.isfinite(value) else "infinite"


def _text(value: float, unit: str) -> str:
    return f"{significant(value)}{unit}" if math.isfinite(value) else MISSING

"""The verification's outcome as the tab "Is it real?" prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.charts.research import fan, fill_range, samples, sensitivity
from dashboard.components import metric, states
from dashboard.components.bar_table import Bar, Signed, bar_table, shares
from dashboard.pages.backtest.view import TONES
from dashboard.text.format import count, day, number, percent, signed_percent
from engine.research import evidence
from engine.research.findings import Finding, Verdict
from engine.research.regimes import CRISES
from engine.research.verdict import CAVEAT
from engine.research.verification.result import VerificationResult
from engine.research.verification.spec import VerificationSpec

MISSING = "Not enough data or trades for this test."


def judged_by(spec: VerificationSpec) -> str:
    """Where another verification of the same run than ``spec`` is the one that the verdict follows: which."""
    found = evidence.verification(spec.backtest)
    if found is None or found[0] == spec:
        return ""
    other = found[0]
    return (
        f"The verdict and these values are from a run with {other.samples:,} samples, a noise of {other.noise:g} and "
        f"the seed {other.seed}; the charts below show the tests as run here."
    )


def findings(judgement: Verdict, note: str = "") -> Component:
    """Every test with its question, its value and its explanation in full, after a ``note``."""
    rows = [_row(finding) for finding in judgement.findings]
    verdict = html.P([html.B(judgement.headline), " ", judgement.reason], className="say")
    changes = [
        html.H4("What would change the verdict"),
        *(html.P(text, className="note") for text in judgement.changes),
    ]
    caveat = [html.P(CAVEAT, className="hint")] if rows else []
    notes = [html.P(note, className="note")] if note else []
    tests = html.Div(rows, className="tests")
    return html.Div([verdict, *notes, tests, *caveat, *(changes if judgement.changes else [])])


def _row(finding: Finding) -> Component:
    dot = html.Span(className=f"dot {TONES[finding.grade]}", role="img", title=finding.grade)
    words = [html.Span(finding.question), html.B(finding.value), html.Small(finding.explanation)]
    return html.Div([dot, *words], className="finding")


def sharpe_ratios(result: VerificationResult) -> Any:
    """Sharpe ratios of the run resampled and of random entries (or weights), or why there are none."""
    chance = "shuffled weights" if result.resized else "random entries"
    drawn = [
        (name, values)
        for name, values in (("resampled", result.bootstrap_sharpe), (chance, result.random_sharpe))
        if len(values)
    ]
    if not drawn:
        return skipped(result, "bootstrap")
    own = result.metrics.get("sharpe")
    marks = [(own, f"this run {number(own, 2)}"), (0.0, "zero")]
    return samples.figure(samples.info(drawn, marks), number=".1f", keep="sharpe-ratios")


def noise(result: VerificationResult) -> Any:
    if not len(result.noise_total):
        return skipped(result, "noise")
    own = result.metrics.get("total_return")
    found = samples.info([("noisy prices", result.noise_total)], [(own, f"this run {signed_percent(own, 0)}")])
    return samples.figure(found, number=",.0%", keep="noise")


def drawdowns(result: VerificationResult) -> Any:
    """Maximum drawdowns of resampled histories, and of the trades in other orders where none overlap."""
    if not len(result.drawdown):
        return skipped(result, "drawdowns")
    drawn = [("resampled", result.drawdown), ("reordered", result.order_drawdown)]
    own = result.metrics.get("max_drawdown")
    marks = [(own, f"this run {signed_percent(own, 1)}")]
    found = samples.info([(name, values) for name, values in drawn if len(values)], marks)
    return samples.figure(found, number=".0%", keep="drawdowns")


def fan_chart(result: VerificationResult) -> Any:
    return fan.figure(fan.info(result)) if result.fan.size else skipped(result, "drawdowns")


def fills(result: VerificationResult) -> Any:
    found = fill_range.info(result)
    return fill_range.figure(found) if found.names else skipped(result, "fills")


def fill_figures(result: VerificationResult) -> list[metric.Metric]:
    """What the fills decide: profit at the next open and at the same close, the band of what a bar leaves open, and
    how many bars leave it open.
    """
    known, trades = result.metrics, result.metrics.get("trades")
    totals = (
        ("Next open", "fill_next_open", "total return", "All orders filled at the next bar's open."),
        ("Same close", "fill_same_close", "not achievable", "All orders filled at the close of the signal bar."),
        ("Best price", "fill_best", "of the bar", "All orders filled at the best price of the bar, after costs."),
        ("Worst price", "fill_worst", "of the bar", "All orders filled at the worst price of the bar, after costs."),
    )
    ambiguous, stale = known.get("fill_ambiguous"), known.get("fill_stale")
    return [
        *(
            metric.Metric(title, signed_percent(known.get(name), 1), note, metric.tone(known.get(name)), words)
            for title, name, note, words in totals
        ),
        metric.Metric("Ambiguous bars", number(ambiguous), f"of {count(int(trades or 0), 'trade')}",
                      help="Exits on a bar that touched both stop and target: counted as the stop."),
        metric.Metric("Repeated opens", percent(stale, 1), "of the fills",
                      help="Fills at an open equal to the previous close: many of them suggest stale prices."),
    ]  # fmt: skip


def costs(result: VerificationResult) -> Any:
    words = {"x_title": "Multiple of the costs", "y_title": "Sharpe", "y_format": ".2f", "keep": "costs"}
    return _curves(result, "costs", sensitivity.costs, words)


def delays(result: VerificationResult) -> Any:
    words = {"x_title": "Delay, bars", "y_title": "Sharpe", "y_format": ".2f", "keep": "delays"}
    return _curves(result, "delays", sensitivity.delays, words)


def parameters(result: VerificationResult) -> Any:
    words = {"x_title": "Change of one parameter", "y_title": "Sharpe", "x_format": "+.0%", "y_format": ".2f"}
    return _curves(result, "jitter", sensitivity.parameters, {**words, "keep": "jitter"})


def removed(result: VerificationResult) -> Any:
    words = {"x_title": "Best trades removed", "y_title": "Total return", "y_format": ",.0%", "keep": "removed"}
    return _curves(result, "removed", sensitivity.removed, words)


def _curves(
    result: VerificationResult,
    test: str,
    info: Callable[[VerificationResult], Sequence[sensitivity.Curve]],
    words: dict[str, str],
) -> Any:
    curves = info(result)
    if not any(len(curve.x) for curve in curves):
        return skipped(result, test)
    return sensitivity.figure(curves, **words)


def skipped(result: VerificationResult, test: str) -> Any:
    """In place of a chart: why its test was not possible."""
    return states.no_figure(result.skipped.get(test, MISSING))


def crises(result: VerificationResult) -> Component:
    """Return of the run and buy and hold in every crisis of which the data cover something, and those they do not."""
    head = [
        ("Crisis", ""),
        ("From", ""),
        ("To", ""),
        ("Run", "Total return."),
        ("Buy and hold", "Of the same symbols."),
    ]
    lengths = shares(list(result.crisis_total))
    rows = [
        [
            name if is_covered else f"{name} (partial)",
            day(start),
            day(end),
            Bar(signed_percent(own, 1), share),
            Signed(signed_percent(held, 1), held),
        ]
        for name, start, end, own, held, is_covered, share in zip(
            result.crisis_name,
            result.crisis_start,
            result.crisis_end,
            result.crisis_total.tolist(),
            result.crisis_benchmark.tolist(),
            result.crisis_whole,
            lengths,
            strict=True,
        )
    ]
    found = bar_table(head, rows, empty="The data do not cover any crisis.")
    missed = [name for name, _, _ in CRISES if name not in result.crisis_name]
    return html.Div([found, *([html.P(f"No data for {', '.join(missed)}.", className="hint")] if missed else [])])


def regimes(result: VerificationResult) -> Component:
    """Sharpe ratio and mean return by the state of the market, which is classified from earlier bars alone."""
    head = [
        ("Regime", "Bull: above the 200-day moving average. Turbulent: volatility above its median so far."),
        ("Share", "Share of the bars."),
        ("Sharpe", "Sharpe ratio of the run."),
        ("Mean", "Mean return, annualised."),
        ("Buy and hold", "Mean return of buy and hold, annualised."),
    ]
    means = np.nan_to_num(result.regime_mean).tolist()
    rows = [
        [
            name,
            percent(float(result.regime_share[index]), 0),
            number(float(result.regime_sharpe[index]), 2),
            Bar(signed_percent(float(result.regime_mean[index]), 1), share),
            Signed(signed_percent(held, 1), held),
        ]
        for index, (name, share) in enumerate(zip(result.regime_name, shares(means), strict=True))
        for held in [float(result.regime_benchmark_mean[index])]
    ]
    return bar_table(head, rows, empty=result.skipped.get("regimes", MISSING))


def subtitles(result: VerificationResult) -> tuple[str, ...]:
    """Subtitles of the charts of Sharpe ratios, costs, noise, drawdowns and the fan; the last says too why the
    drawdowns lack those of reordered trades.
    """
    known = result.metrics
    chance = known.get("random_p_sharpe")
    even, is_costed = known.get("cost_break_even"), "costs" not in result.skipped
    paid = "profitable at every multiple" if even is None else f"breaks even at {number(even, 1)}×"
    ruin, profitable = known.get("ruin"), known.get("noise_profitable")
    return (
        "" if chance is None else f"p = {number(chance, 3)} against chance",
        paid if is_costed else "",
        "" if profitable is None else f"{percent(profitable, 0)} profitable",
        "" if ruin is None else f"{percent(ruin, 1)} lose half",
        result.skipped.get("orders", "block bootstrap of its returns"),
    )

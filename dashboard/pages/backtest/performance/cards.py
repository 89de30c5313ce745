"""The cards of figures on the performance tab: against the benchmark, what it costs, its drawdowns, by regime."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import metric
from dashboard.components.bar_table import Bar, Signed, bar_table, shares
from dashboard.components.metric import Metric
from dashboard.pages.backtest.performance.subject import Subject
from dashboard.text.format import MISSING, count, day, number, percent, signed_percent
from dashboard.text.metrics import metric_text
from engine.backtest.metrics import METRICS, equity_metrics
from engine.backtest.reports.capacity import COVERED, SHARE, Capacity
from engine.backtest.reports.drawdowns import deepest
from engine.backtest.reports.relative import relative
from engine.backtest.reports.span import charged
from engine.market.bars import spans_month
from engine.research.regimes import regimes

DRAWDOWNS = 8
OWN = ("calmar", "profit_factor", "win_rate", "max_drawdown_days", "turnover")


def against(subject: Subject) -> Component:
    """The run against its benchmark, then what the strip above has no room for."""
    result, held = subject.result, subject.held
    found, stated = relative(result.equity, result.benchmark, result.periods_per_year), spans_month(result.time)
    yearly = "Annualised, arithmetic; not stated for less than a month."

    def part(name: str, value: float | None, help: str) -> Metric:
        value = value if stated else None
        return Metric(name, signed_percent(value), tone=metric.tone(value), help=help)

    ratio = found.information_ratio if stated else None
    rows = [
        part("Excess return", found.excess, f"Mean return above {held}. {yearly}"),
        part("Alpha", found.alpha, f"Mean return that beta to {held} does not explain (Jensen). {yearly}"),
        Metric("Beta", number(found.beta, 2), help=f"Covariance with {held} over its variance, by bar returns."),
        Metric("Correlation", number(found.correlation, 2), help=f"Of bar returns with those of {held}."),
        Metric("Tracking error", percent(found.tracking_error if stated else None),
               help=f"Standard deviation of the difference of bar returns to {held}, annualised."),
        Metric("Information ratio", number(ratio, 2), help="Excess return over tracking error."),
        Metric("Up and down capture", f"{percent(found.up_capture, 0)} / {percent(found.down_capture, 0)}",
               help=f"Mean return on the bars on which {held} rose, and fell, over its own mean there."),
        *(Metric(METRICS[name].title, metric_text(name, result.metrics.get(name)), help=METRICS[name].definition)
          for name in OWN),
    ]  # fmt: skip
    return metric.definition_list(rows)


def costs(subject: Subject) -> Component:
    """Before and after costs, and the difference a year."""
    result = subject.result
    free = equity_metrics(result.time, result.costless, result.periods_per_year, result.capital)
    gross, before, after = free["total_return"], free["cagr"], result.metrics.get("cagr")
    fees, slipped = charged(result)
    known = len(result.fill_time) > 0 or not len(result.trade_pnl)
    drag = None if before is None or after is None else after - before
    money = [(name, number(value, 0, result.currency) if known else MISSING, text) for name, value, text in (
        ("Commission", fees, "Paid on all fills."),
        ("Slippage", slipped, "Fill prices against quotes: slippage, half the spread, volume impact."),
    )]  # fmt: skip
    rows = [
        Metric("Before costs", signed_percent(gross), help="Total return of the same decisions without any cost."),
        Metric("After costs", signed_percent(result.metrics["total_return"]), help="Total return."),
        Metric("Annualised drag", signed_percent(drag), tone=metric.tone(drag),
               help="CAGR after costs minus CAGR before. Not stated for less than a month."),
        *(Metric(*row[:2], help=row[2]) for row in money),
    ]  # fmt: skip
    return metric.definition_list(rows)


def drawdowns(subject: Subject) -> Component:
    """The deepest drawdowns, the first of which are shaded on the equity."""
    result = subject.result
    found = deepest(result.time, result.equity, result.capital, DRAWDOWNS)
    head = [
        ("From", "Date of the high."),
        ("Depth", "Fall from the high to the lowest equity."),
        ("Lowest", "Date of the lowest equity."),
        ("Recovered", "First date back at the high."),
        ("Days", "Calendar days from the high to the recovery, or to the end."),
    ]
    rows = [
        [
            day(str(item.start)),
            Bar(signed_percent(item.depth), share),
            day(str(item.bottom)),
            MISSING if item.end is None else day(str(item.end)),
            number(item.days),
        ]
        for item, share in zip(found, shares([item.depth for item in found]), strict=True)
    ]
    return bar_table(head, rows, empty="The equity never fell.")


def by_regime(subject: Subject) -> Component:
    """Run and benchmark by the state of the market at the close before."""
    part = subject.part
    bars = slice(None) if part is None else slice(max(part.first - 1, 0), part.stop - 1)
    found = regimes(subject.whole, bars)
    head = [
        ("Regime", "Of the benchmark. Bull: above the 200-day moving average. Turbulent: 20-bar volatility above its "
         "median so far."),
        ("Share", "Share of the bars."),
        ("Sharpe", "Sharpe ratio of the run on these bars, annualised."),
        ("Mean", "Mean return of the run on these bars, annualised."),
        (subject.held, "Mean return of the benchmark on these bars, annualised."),
    ]  # fmt: skip
    rows = [
        [
            item.name,
            percent(item.share, 0),
            number(item.sharpe, 2),
            Bar(signed_percent(item.mean, 1), share),
            Signed(signed_percent(item.benchmark_mean, 1), item.benchmark_mean),
        ]
        for item, share in zip(found, shares([item.mean for item in found]), strict=True)
    ]
    return bar_table(head, rows, empty="Too short to classify.")


def capacity(found: Capacity | None, currency: str) -> Component:
    """How much capital the run could have traded, in a sentence."""
    if found is None:
        return html.P("Capacity is not known: the bars of these fills have no volume.", className="hint pad")
    rest = "" if found.fills == found.total else f" of the {found.fills:,} on bars with a volume"
    return html.P(
        [
            html.B(f"Capacity about {number(found.capital, 0, currency)}. "),
            f"At this capital {percent(COVERED, 0)} of the {count(found.total, 'fill')}{rest} would take at most "
            f"{percent(SHARE, 0)} of the volume of their bar; now the median takes {percent(found.median_share, 4)}.",
        ],
        className="hint pad",
    )

"""The result of a backtest, assembled from its accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.daily_returns import about_bars_within_days
from engine.backtest.fast_metrics import FastMetrics
from engine.backtest.fill_records import fills_of
from engine.backtest.measured import MeasuredBars, effective_warm_up, required_warm_up
from engine.backtest.metrics import ANNUALISED, METRICS, equity_metrics, trade_metrics
from engine.backtest.result import REASONS, BacktestResult
from engine.backtest.simulator import AccountRun, combined_equity, sum_on_calendar
from engine.backtest.sizings import sized
from engine.core.errors import EngineError
from engine.market.availability import asynchronous_symbols
from engine.market.bars import Bars, Floats, Times, periods_per_year, spans_month, years_spanned
from engine.market.common_calendar import calendar, day_starts
from engine.strategies import Allocation
from engine.strategies import call_strategy as asked

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_MAXIMUM_NAMED = 5  # symbols listed in a warning


def assemble(
    spec: BacktestSpec,
    bars: MeasuredBars,
    runs: Sequence[AccountRun],
    costless_runs: Sequence[AccountRun],
    benchmark_runs: Sequence[AccountRun],
    *,
    fast_metrics: FastMetrics | None = None,
    shorts: bool = False,
    missed_entries: Sequence[str] = (),
) -> BacktestResult:
    """The result of ``spec`` from its accounts, the same without costs, and buy and hold of the same symbols.

    ``fast_metrics`` are those that a sweep computes for the same run and replace the account's own, from which they
    differ by rounding alone. Raises ``EngineError`` where they differ by more. ``shorts``: weights were below zero;
    ``missed_entries`` are the symbols in which the strategy was already in a position when the account began.
    """
    time = bars.time
    accounts = (runs, costless_runs, benchmark_runs)
    equity, costless, hold = (combined_equity(time, spec.capital, item) for item in accounts)
    gross = sum_on_calendar(time, [(item.account.time, item.account.gross) for item in runs], 0.0)
    exposure = np.divide(gross, equity, out=np.zeros(len(time)), where=equity > 0)
    trades = _trades(runs, bars)
    per_year = periods_per_year(time)
    metrics = _metrics(spec, time, equity, exposure, runs, trades)
    metrics |= {} if fast_metrics is None else _checked_metrics(metrics, fast_metrics)
    result = BacktestResult(
        label=spec.label(),
        currency=bars[0].series.currency,
        symbols=spec.market.symbols,
        **_trading_days(bars),
        periods_per_year=per_year,
        capital=spec.capital,
        time=time,
        equity=equity,
        benchmark=hold,
        costless=costless,
        exposure=exposure,
        **trades,
        **fills_of(runs, len(spec.market.symbols)),
        family=spec.strategy.kind,
        resized=spec.strategy.resizes,
        warm_up=effective_warm_up(spec),
        required_warm_up=required_warm_up(spec),
        warm_up_in_range=bars.warm_up_in_range(),
        metrics=_without_annualised(time, metrics),
        benchmark_metrics=equity_metrics(time, hold, per_year, spec.capital),
        warnings=(*_about_sides(spec, shorts), *_about_beginning(missed_entries), *_warnings(spec, bars, runs, trades)),
    )
    within_days = about_bars_within_days(result, result.metrics["sharpe"])
    return replace(result, warnings=(*result.warnings, *within_days))


def _metrics(
    spec: BacktestSpec,
    time: Times,
    equity: Floats,
    exposure: Floats,
    runs: Sequence[AccountRun],
    trades: dict[str, Any],
) -> dict[str, float | None]:
    years = years_spanned(time)
    slippage, dividends = (sum(getattr(item.account, name) for item in runs) for name in ("slippage", "dividends"))
    in_prices = spec.market.adjustment == "total_return"
    return {
        **equity_metrics(time, equity, periods_per_year(time), spec.capital),
        "exposure": float(np.mean(exposure)),
        **trade_metrics(trades["trade_pnl"]),
        "costs": (float(trades["trade_fees"].sum()) + slippage) / years / float(np.mean(equity)),
        "turnover": sum(_traded_value(item) for item in runs) / 2 / years / float(np.mean(equity)),
        "dividends": None if in_prices else dividends / years / float(np.mean(equity)),
    }


def _trading_days(bars: MeasuredBars) -> dict[str, Any]:
    """The fields of a result that tell its trading days."""
    starts, days = day_starts(bars.known)
    return {
        "zones": tuple(zone for item in bars for zone in item.series.zones),
        "day_starts": starts,
        "start_days": days,
    }


def _without_annualised(time: Times, metrics: dict[str, float | None]) -> dict[str, float | None]:
    """``metrics`` without the annualised ones where the bars do not span a month."""
    return metrics if spans_month(time) else metrics | dict.fromkeys(ANNUALISED)


def _checked_metrics(metrics: Mapping[str, float | None], fast_metrics: FastMetrics) -> dict[str, float | None]:
    """``fast_metrics`` by name. Raises ``EngineError`` where they differ from ``metrics`` by more than rounding."""
    found = {
        "total_return": fast_metrics.total_return,
        "sharpe": fast_metrics.sharpe,
        "max_drawdown": fast_metrics.max_drawdown,
    }
    for name, value in found.items():
        own = metrics[name]
        if own == value or (own is not None and value is not None and isclose(own, value, rel_tol=1e-7, abs_tol=1e-9)):
            continue
        raise EngineError(
            f"The account and the sweep disagree on the {METRICS[name].title.lower()} of this run: {own} and "
            f"{value}. Please report it, and do not use its metrics."
        )
    return found


def _traded_value(run: AccountRun) -> float:
    """Sum of the absolute values of all fills."""
    orders = run.account.orders
    return float(np.abs(orders["units"] * orders["price"]).sum())


def _trades(runs: Sequence[AccountRun], bars: Sequence[Bars]) -> dict[str, Any]:
    """Columns of all trades, ordered by entry."""
    columns: dict[str, list[Any]] = {}
    for run in runs:
        trades, time = run.account.trades, run.account.time
        found = {
            "trade_symbol": np.array(run.symbols, dtype=np.int64)[trades.symbol],
            "trade_entry_time": time[trades.entry],
            "trade_exit_time": time[trades.exit],
            "trade_entry_price": trades.entry_price,
            "trade_exit_price": trades.exit_price,
            "trade_size": trades.size,
            "trade_side": trades.side,
            "trade_pnl": trades.pnl,
            "trade_return": trades.pnl / (trades.size * trades.entry_price),
            "trade_fees": trades.fees,
            "trade_bars": _bars_held(run, bars),
            "trade_reason": trades.reason,
            "trade_mae": trades.mae,
            "trade_mfe": trades.mfe,
            "trade_ambiguous": trades.ambiguous,
            "trade_open": trades.is_open,
        }
        for name, values in found.items():
            columns.setdefault(name, []).append(values)
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.argsort(joined["trade_entry_time"], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def _bars_held(run: AccountRun, bars: Sequence[Bars]) -> NDArray[np.int64]:
    """Holding period of each trade in the symbol's own bars, as a time stop counts it."""
    trades, time = run.account.trades, run.account.time
    found = np.zeros(len(trades.entry), dtype=np.int64)
    for place, index in enumerate(run.symbols):
        of_symbol, traded = trades.symbol == place, bars[index].time[np.isfinite(bars[index].close)]
        entry, exit = (
            np.searchsorted(traded, time[moments[of_symbol]], side="right") for moments in (trades.entry, trades.exit)
        )
        found[of_symbol] = exit - entry
    return found


def _warnings(
    spec: BacktestSpec, bars: MeasuredBars, runs: Sequence[AccountRun], trades: Mapping[str, Any]
) -> tuple[str, ...]:
    """Caveats on the metrics, as sentences."""
    found = [
        *(text for item in bars for text in asked.caveats(spec.strategy, item)),
        *_about_data(spec, bars),
        *about_calendars(bars.whole()),
        *_about_trades(trades),
        *_about_orders(spec, runs),
    ]
    if not spans_month(bars.time):
        names = [METRICS[name].title for name in ANNUALISED]
        found.append(f"Shorter than a month: {', '.join(names)} are not stated, as a few days cannot be annualised.")
    return tuple(found)


def _about_sides(spec: BacktestSpec, shorts: bool) -> list[str]:
    if not shorts or spec.direction == "both":
        return []
    return [
        "Negative weights were treated as zero, but the strategy also sells short: choose the side Both to follow it."
    ]


def _about_beginning(missed_entries: Sequence[str]) -> list[str]:
    if not missed_entries:
        return []
    names = ", ".join(missed_entries[:_MAXIMUM_NAMED]) + (
        f" and {len(missed_entries) - _MAXIMUM_NAMED} more" if len(missed_entries) > _MAXIMUM_NAMED else ""
    )
    return [f"The strategy already had a position in {names} when the account began: it waits for the next entry."]


def _about_data(spec: BacktestSpec, bars: Sequence[Bars]) -> list[str]:
    found = []
    if all(item.series.kind == "equity" for item in bars):
        found.append("Survivorship bias: these symbols are known to have survived, which flatters every metric.")
    stale = [item.series.symbol for item in bars if spec.fill == "next_open" and opens_where_it_closed(item) > 0.5]
    if stale:
        found.append(
            f"On most bars {', '.join(stale)} opens at its previous close, as indices do: nobody traded at such opens. "
            "Choose the fill 'Next close'."
        )
    found += [text for item in bars for text in item.caveats]
    found += _about_dividends([item for item in bars if item.dividends is not None])
    found += [text for item in bars if (text := about_adjustment(item))]
    found += about_shares(spec, bars)
    if named := [f"{item.unpriced:,} of {item.series.symbol}" for item in bars if item.unpriced]:
        more = f" and of {len(named) - _MAXIMUM_NAMED} more" if len(named) > _MAXIMUM_NAMED else ""
        found.append(f"Rows without a close were dropped: {', '.join(named[:_MAXIMUM_NAMED])}{more}.")
    found += _about_clocks(spec, bars)
    if spec.fill == "same_close":
        found.append(
            "Same close: decisions are filled at the very close they are based on, which is not achievable in practice."
        )
    return found


def _about_clocks(spec: BacktestSpec, bars: Sequence[Bars]) -> list[str]:
    """Symbols of different market hours in one allocation, whose fills precede the close that they are based on."""
    if not isinstance(spec.strategy, Allocation) or spec.fill == "next_close":
        return []
    found = asynchronous_symbols(bars, at_open=spec.fill != "same_close")
    if found is None:
        return []
    when = "closes" if spec.fill == "same_close" else "may open again"
    return [
        f"{found[0]} {when} before the bar of {found[1]} of the same date has ended, yet it is traded on that close, "
        "which was not known. Choose the fill 'Next close', or symbols with the same trading hours."
    ]


def _about_dividends(paying: Sequence[Bars]) -> list[str]:
    if not paying:
        return []
    recovered = [item.series.symbol for item in paying if item.dividend_per_share is None]
    whose = "Their sums" if len(recovered) == len(paying) else f"The sums of {', '.join(recovered)}"
    return [
        "Dividends are paid in cash, untaxed, on the ex-date."
        + (f" {whose} are recovered from the adjusted closes, accurate to about 1%." if recovered else "")
    ]


def about_shares(spec: BacktestSpec, bars: Sequence[Bars]) -> list[str]:
    """A warning where ``spec`` counts shares and some symbols' historical share counts are unknown."""
    unknown = [item.series.symbol for item in bars if item.series.split_adjusted]
    counted = ["the commission per share"] if spec.costs.per_share else []
    counted += ["the size of a position"] if sized(spec.sizing, bars[0]).measure == "units" else []
    if not (unknown and counted):
        return []
    what = " and ".join(counted)
    more = f" and {len(unknown) - _MAXIMUM_NAMED} more" if len(unknown) > _MAXIMUM_NAMED else ""
    return [
        f"{what[0].upper()}{what[1:]} {'counts' if len(counted) == 1 else 'count'} today's shares of "
        f"{', '.join(unknown[:_MAXIMUM_NAMED])}{more}: the source adjusts prices for splits "
        "without their dates. Before each there were fewer shares, by its factor. Sizes by value are unaffected."
    ]


def about_adjustment(bars: Bars) -> str:
    """A warning on inconsistent adjusted closes, or on dividends that cannot be recovered from them; "" for none."""
    found, symbol = bars.actions(), bars.series.symbol
    if found.faults.any():
        count, day = int(found.faults.sum()), bars.days[found.faults.argmax()]
        where = f"on {day}" if count == 1 else f"on {count:,} bars, first on {day},"
        if bars.dividend_per_share is not None:
            return (
                f"The adjusted close of {symbol} does not reflect the splits and dividends that its source reports "
                f"{where}: one of the two is wrong, and the reported events were treated as correct."
            )
        return (
            f"The adjusted close of {symbol} moves {where} in a way that no split or dividend explains: this is "
            "treated as a fault of the data and pays nothing."
        )
    if found.has_unexplained_drift:
        return (
            f"The adjusted closes of {symbol} drift from its prices by {abs(found.drift - 1):.1%} in steps too small "
            "to tell from rounding: dividends it may have paid are missing."
        )
    return ""


def about_calendars(bars: Sequence[Bars]) -> list[str]:
    """A warning on missing prices: the common calendar, and how many of its bars each symbol lacks."""
    time = calendar(bars)
    gaps = [_without_price(item, time) for item in bars]
    named = [f"{item.series.symbol} {text}" for item, text in zip(bars, gaps, strict=True) if text]
    if not named:
        return []
    rest = len(named) - _MAXIMUM_NAMED
    more = f"; {rest} more {'symbol has' if rest == 1 else 'symbols have'} gaps" if rest > 0 else ""
    joined = f"The account has {len(time):,} bars: all at which any symbol has one. " if len(bars) > 1 else ""
    return [
        f"{joined}Bars without a price: {'; '.join(named[:_MAXIMUM_NAMED])}{more}. Until it can be traded a "
        "symbol's share stays in cash; after that positions keep their last price and orders wait for the next. "
        "Buy and hold does the same."
    ]


def _without_price(bars: Bars, time: Times) -> str:
    """Count of ``time`` without a close of ``bars``, and where: at the start, between, or at the end; "" for none."""
    known = bars.time[np.isfinite(bars.close)]
    if not len(known):
        return f"on all {len(time):,}"
    first, last = (int(np.searchsorted(time, moment)) for moment in (known[0], known[-1]))
    count = len(time) - len(known)
    parts = {"before the first": first, "after the last": len(time) - 1 - last}
    parts["between"] = count - sum(parts.values())
    where = ", ".join(f"{number:,} {name}" for name, number in parts.items() if number)
    return f"on {count:,} ({where})" if count else ""


def opens_where_it_closed(bars: Bars) -> float:
    """Share of the bars with a new close whose open is the close of the bar before."""
    moved = bars.close[1:] != bars.close[:-1]
    return float(np.mean(bars.open[1:][moved] == bars.close[:-1][moved])) if moved.any() else 0.0


def _about_trades(trades: Mapping[str, Any]) -> list[str]:
    count, still_open = len(trades["trade_pnl"]), int(trades["trade_open"].sum())
    ambiguous = int(trades["trade_ambiguous"].sum())
    liquidated = int((trades["trade_reason"] == REASONS.index("liquidation")).sum())
    found = []
    if count == 0:
        found.append("No trades: the strategy never entered in this range.")
    elif count < 10:
        found.append(f"Only {count} {'trade' if count == 1 else 'trades'}: too few to tell skill from luck.")
    if still_open:
        found.append(f"{still_open} still open at the end, valued at the last close.")
    if ambiguous:
        found.append(f"{ambiguous} of the exits touched stop and target on one bar, and are counted as stops.")
    if liquidated:
        found.append(f"{liquidated} positions were closed by a margin call.")
    return found


def _about_orders(spec: BacktestSpec, runs: Sequence[AccountRun]) -> list[str]:
    cut, rejected = (sum(getattr(item.account, name) for item in runs) for name in ("cut", "rejected"))
    found = []
    if cut:
        found.append(f"{cut} orders exceeded the available cash, leverage or volume, and were reduced.")
    if rejected:
        found.append(
            f"{rejected} orders were rejected: too small to cover their commission, or without cash or volume."
        )
    if forced := sum(item.account.forced for item in runs):
        found.append(f"{forced} margin-call fills exceeded the volume limit of their bar.")
    if any(item.account.ruined for item in runs):
        found.append("Ruined: the equity reached zero and trading stopped.")
    if any(item.account.unfilled for item in runs):
        found.append("A decision on the last bar is left unfilled: there is no later bar.")
    return found

"""Comparison of the trades of a run with those of Backtrader for the same decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.crosscheck.position import BacktraderTrade
from engine.backtest.crosscheck.trader import GAP, MARGIN, SHARED_LIMITS
from engine.backtest.result import BacktestResult
from engine.backtest.simulator import sum_on_calendar
from engine.market.bars import Floats, Times

if TYPE_CHECKING:
    from engine.backtest.crosscheck.repeat import BacktraderRun

AGREES = 1e-9
"""Relative tolerance of prices, sizes and profits."""

BOTH, OURS, THEIRS = 0, 1, 2
REASONS = ("", "only here", "only there", "exit time", "size", "price in", "price out", "costs")
"""The first difference between a trade and its counterpart; empty where they agree."""

WORKAROUNDS = {
    MARGIN: (
        "1 position was",
        "{} positions were",
        "closed by a margin call. Backtrader has none: its level was computed separately, and Backtrader filled the "
        "order there.",
    ),
    GAP: (
        "1 bar",
        "{} bars",
        "opened beyond the target. Backtrader would have tried the stop first, so it was given an exit at the open.",
    ),
    SHARED_LIMITS: (
        "On 1 bar",
        "On {} bars",
        "a limit was reached together with other orders. Their shares of the buying power were computed before "
        "Backtrader matched them.",
    ),
}
"""Situations for which Backtrader has no order type, as sentences: singular, plural, and the rest."""
SCOPE = (
    "Both were given the same decisions. Backtrader matched the orders with the bars, charged costs, and kept cash, "
    "positions and profits; sizes and stop levels were computed independently of the account. This checks fills, "
    "costs, sizes and cash, not the strategy."
)


@dataclass(frozen=True, eq=False)
class Crosscheck:
    """Trades of a run and of Backtrader, one row for each trade of either, in the order of the entries.

    ``found`` is ``BOTH``, ``OURS`` or ``THEIRS``; missing trades are NaN, and NaT for times. ``symbol`` indexes
    ``symbols``, ``side`` is +1 or -1; columns named ``other_`` are Backtrader's. Prices
    include slippage, profits all costs but interest; trades still open are valued at the last close. ``curve`` and
    ``other_curve`` are the equities at each close of ``time``. ``notes`` are sentences on the method.
    """

    label: str
    currency: str
    symbols: tuple[str, ...]
    version: str
    symbol: NDArray[np.int64]
    side: NDArray[np.int64]
    found: NDArray[np.int64]
    entry_time: Times
    exit_time: Times
    other_exit_time: Times
    entry_price: Floats
    other_entry_price: Floats
    exit_price: Floats
    other_exit_price: Floats
    size: Floats
    other_size: Floats
    pnl: Floats
    other_pnl: Floats
    time: Times
    curve: Floats
    other_curve: Floats
    notes: tuple[str, ...]

    @property
    def equity(self) -> float:
        """Final equity of the account."""
        return float(self.curve[-1])

    @property
    def other_equity(self) -> float:
        """Final equity of Backtrader."""
        return float(self.other_curve[-1])

    def reasons(self) -> NDArray[np.int64]:
        """The difference of each trade, as an index of ``REASONS``; zero where both agree up to rounding."""
        value = np.abs(self.size * self.entry_price)
        return np.select(
            [
                self.found == OURS,
                self.found == THEIRS,
                self.exit_time != self.other_exit_time,
                _differ(self.size, self.other_size),
                _differ(self.entry_price, self.other_entry_price),
                _differ(self.exit_price, self.other_exit_price),
                np.abs(self.pnl - self.other_pnl) > AGREES * value,
            ],
            range(1, len(REASONS)),
            0,
        ).astype(np.int64)

    def agrees(self) -> NDArray[np.bool_]:
        """Mask of the trades that agree: equal times; prices, sizes and profits equal up to rounding."""
        return np.asarray(self.reasons() == 0, dtype=np.bool_)

    def differences(self) -> Floats:
        """Backtrader's profit minus ours, a missing trade counted as zero."""
        return np.asarray(np.nan_to_num(self.other_pnl) - np.nan_to_num(self.pnl), dtype=np.float64)

    def difference(self) -> float:
        """Backtrader's final equity over ours, minus one."""
        return self.other_equity / self.equity - 1 if self.equity else float("nan")

    def farthest(self) -> tuple[int, float]:
        """The bar of the largest difference of the two equities, and Backtrader's minus ours there."""
        apart = self.other_curve - self.curve
        bar = int(np.abs(apart).argmax())
        return bar, float(apart[bar])

    def same_equity(self) -> bool:
        """Whether the equities agree at every close up to rounding."""
        return bool(np.allclose(self.curve, self.other_curve, rtol=AGREES, atol=AGREES * float(np.max(self.curve))))

    def sentence(self) -> str:
        """The outcome in one sentence."""
        count, same = len(self.found), int(self.agrees().sum())
        if count == 0:
            return "Neither account traded."
        if same == count:
            trades = "the only trade is the same" if count == 1 else f"all {count:,} trades are the same"
            if self.same_equity():
                return f"Backtrader agrees: {trades}, and so is the equity at every close."
            apart = abs(self.farthest()[1])
            return f"Backtrader agrees on the trades: {trades}. The equity is up to {apart:,.2f} {self.currency} apart."
        ours, theirs = int((self.found == OURS).sum()), int((self.found == THEIRS).sum())
        alone = f", {ours} only here, {theirs} only there" if ours or theirs else ""
        apart = float(np.abs(self.differences()).sum())
        return (
            f"Backtrader agrees on {same:,} of {count:,} trades{alone}. "
            f"The profits of the others differ by {apart:,.2f} {self.currency} in all."
        )

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "sentence": self.sentence(),
            "trades": len(self.found),
            "same": int(self.agrees().sum()),
            "profits_apart": float(np.abs(self.differences()).sum()),
            "equity": self.equity,
            "other_equity": self.other_equity,
            "backtrader": self.version,
            "notes": list(self.notes),
        }


def _differ(ours: Floats, theirs: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.abs(ours - theirs) > AGREES * np.abs(ours), dtype=np.bool_)


def compare(label: str, result: BacktestResult, repeated: Sequence[BacktraderRun], version: str) -> Crosscheck:
    """``result`` compared with Backtrader's runs of its accounts."""
    ours = {
        (int(result.trade_symbol[i]), int(result.trade_side[i]), result.trade_entry_time[i].astype(np.int64)): i
        for i in range(len(result.trade_pnl))
    }
    theirs = {
        (run.symbols[trade.symbol], trade.side, run.time[trade.entry].astype(np.int64)): (run, trade)
        for run in repeated
        for trade in run.trades
    }
    keys = sorted({*ours, *theirs}, key=lambda key: (key[2], key[0], key[1]))
    none = (np.datetime64("NaT", "ms"), *[np.nan] * 4)
    rows = [
        (
            _our_trade(result, ours[key]) if key in ours else none,
            _backtrader_trade(*theirs[key]) if key in theirs else none,
        )
        for key in keys
    ]
    found = [BOTH if key in ours and key in theirs else OURS if key in ours else THEIRS for key in keys]
    share = result.capital / len(repeated)
    return Crosscheck(
        label=label,
        currency=result.currency,
        symbols=result.symbols,
        version=version,
        symbol=np.array([key[0] for key in keys], dtype=np.int64),
        side=np.array([key[1] for key in keys], dtype=np.int64),
        found=np.array(found, dtype=np.int64),
        entry_time=np.array([key[2] for key in keys], dtype="datetime64[ms]"),
        **_columns(rows),
        time=result.time,
        curve=result.equity,
        other_curve=sum_on_calendar(result.time, [(run.time, run.equity) for run in repeated], share),
        notes=_notes(repeated),
    )


def _our_trade(result: BacktestResult, i: int) -> tuple[Any, ...]:
    return (
        result.trade_exit_time[i],
        float(result.trade_entry_price[i]),
        float(result.trade_exit_price[i]),
        float(result.trade_size[i]),
        float(result.trade_pnl[i]),
    )


def _backtrader_trade(run: BacktraderRun, trade: BacktraderTrade) -> tuple[Any, ...]:
    return run.time[trade.exit], trade.entry_price, trade.exit_price, trade.size, trade.pnl


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The columns of both sides by name."""
    found: dict[str, Any] = {}
    for place, name in enumerate(("exit_time", "entry_price", "exit_price", "size", "pnl")):
        kind = "datetime64[ms]" if name == "exit_time" else np.float64
        found[name] = np.array([here[place] for here, _ in rows], dtype=kind)
        found[f"other_{name}"] = np.array([there[place] for _, there in rows], dtype=kind)
    return found


def _notes(repeated: Sequence[BacktraderRun]) -> tuple[str, ...]:
    """How often Backtrader lacked an order type, and the scope of the comparison."""
    found = []
    for name, (one, many, rest) in WORKAROUNDS.items():
        count = sum(run.workarounds.get(name, 0) for run in repeated)
        if count:
            found.append(f"{one if count == 1 else many.format(f'{count:,}')} {rest}")
    rejected = sum(run.rejected for run in repeated)
    if rejected:
        found.append(f"Backtrader rejected {rejected:,} {'order' if rejected == 1 else 'orders'} for lack of cash.")
    return (*found, SCOPE)

"""A second opinion: a run repeated on Backtrader from the same signals, and compared trade by trade.

Backtrader is told of the signals, the sizes' rule and the costs; bars, orders, fills, cash and positions are its own.
Orders at the open use its "cheat on open", orders at a close its "cheat on close": both mean that the size is worked
out at the price of the fill, as here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.backtest.result import REASONS, BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.market.bars import Floats, Market, Times
from engine.progress import Progress
from engine.spec import Estimate, RunSpec
from engine.strategies import Allocation

AGREES = 1e-9
"""Prices, sizes and profits that differ by less than this part of themselves are equal but for rounding."""

BOTH, OURS, THEIRS = 0, 1, 2


@dataclass(frozen=True, eq=False)
class SecondOpinion:
    """Trades of a run and of its repetition, one row for each that either of them has, in the order of the entries.

    ``found`` is ``BOTH``, ``OURS`` or ``THEIRS``; the columns of the side that lacks a trade are NaN, and NaT for
    times. ``symbol`` indexes ``symbols``, ``side`` is +1 or -1; what is named ``other_`` is Backtrader's. Prices
    include slippage, profits all costs; trades still open are valued at the last close. ``notes`` are sentences on
    what cannot agree.
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
    equity: float
    other_equity: float
    notes: tuple[str, ...]

    def agrees(self) -> NDArray[np.bool_]:
        """Which trades are the same in both: times equal, prices, sizes and profits equal but for rounding."""
        same = (self.found == BOTH) & (self.exit_time == self.other_exit_time)
        pairs = (
            (self.entry_price, self.other_entry_price),
            (self.exit_price, self.other_exit_price),
            (self.size, self.other_size),
        )
        for ours, theirs in pairs:
            same &= np.abs(ours - theirs) <= AGREES * np.abs(ours)
        value = np.abs(self.size * self.entry_price)
        return np.asarray(same & (np.abs(self.pnl - self.other_pnl) <= AGREES * value), dtype=np.bool_)

    def difference(self) -> float:
        """Backtrader's last equity over ours, less one."""
        return self.other_equity / self.equity - 1 if self.equity else float("nan")

    def sentence(self) -> str:
        """The outcome in one sentence."""
        count, same = len(self.found), int(self.agrees().sum())
        if count == 0:
            return "Neither of the two traded."
        if same == count:
            return f"Backtrader agrees: all {count:,} trades are the same, and so is the equity at the end."
        ours, theirs = int((self.found == OURS).sum()), int((self.found == THEIRS).sum())
        alone = f", {ours} only here, {theirs} only there" if ours or theirs else ""
        return f"Backtrader agrees on {same:,} of {count:,} trades{alone}."

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "sentence": self.sentence(),
            "trades": len(self.found),
            "same": int(self.agrees().sum()),
            "equity": self.equity,
            "other_equity": self.other_equity,
            "backtrader": self.version,
            "notes": list(self.notes),
        }


def obstacles(spec: BacktestSpec) -> tuple[str, ...]:
    """What in ``spec`` Backtrader does not do as we do, as parts of a sentence; none for a run that it can repeat."""
    costs, several = spec.costs, len(spec.market.symbols) > 1
    found = {
        "a strategy that sets weights": isinstance(spec.strategy, Allocation),
        "stops, which it does not check on the entry bar": spec.stops.any,
        "cash that several symbols share": spec.cash == "shared" and several,
        "limit orders": spec.fill == "limit",
        "Kelly sizes": spec.sizing.kind == "kelly",
        "costs that grow with the share of the volume": bool(costs.volume_impact or costs.volume_limit),
        "leverage and rates": spec.financing != type(spec.financing)(),
    }
    return tuple(words for words, there in found.items() if there)


class SecondOpinionSpec(RunSpec):
    """A backtest, and the same once more on Backtrader."""

    kind: Literal["second_opinion"] = "second_opinion"
    backtest: BacktestSpec

    @model_validator(mode="after")
    def _can_be_repeated(self) -> SecondOpinionSpec:
        found = obstacles(self.backtest)
        if found:
            raise ValueError(f"Backtrader cannot repeat this run: it does not do {'; nor '.join(found)} as we do.")
        return self

    def label(self) -> str:
        return f"Second opinion on {self.backtest.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"backtest": self.backtest, **self.backtest.inputs()}

    def shown_with(self) -> BacktestSpec:
        return self.backtest

    def estimate(self) -> Estimate:
        cost = self.backtest.estimate()
        return Estimate(seconds=cost.seconds + 1.0 + 0.4 * len(self.backtest.market.symbols), megabytes=cost.megabytes)

    def environment(self) -> str:
        """The version of Backtrader: another one may fill otherwise."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"backtrader {version('backtrader')}"
        except PackageNotFoundError:
            return "backtrader is missing"

    def compute(self, inputs: Mapping[str, Any], progress: Progress) -> SecondOpinion:
        from engine.backtest.portfolio import decide
        from engine.backtest.second_opinion.backtrader_run import Repeated, repeat, version

        spec, market = self.backtest, inputs["market"]
        share = spec.capital / len(market.bars)
        repeated: list[Repeated] = []
        for place, (bars, signals) in enumerate(zip(market.bars, decide(spec, market.bars, inputs), strict=True)):
            progress(place / len(market.bars), f"Repeating {bars.series.symbol} on Backtrader")
            repeated.append(repeat(spec, bars, signals, share))
        progress(1.0, "Comparing the trades")
        return compare(self.label(), inputs["backtest"], market, repeated, version())


def compare(label: str, result: BacktestResult, market: Market, repeated: list[Any], version: str) -> SecondOpinion:
    """``result`` beside what Backtrader made of each symbol (``Repeated``, in the order of ``market``)."""
    ours = {
        (int(result.trade_symbol[i]), int(result.trade_side[i]), result.trade_entry_time[i].astype(np.int64)): i
        for i in range(len(result.trade_pnl))
    }
    theirs = {
        (symbol, trade.side, bars.time[trade.entry].astype(np.int64)): (bars, trade)
        for symbol, (bars, run) in enumerate(zip(market.bars, repeated, strict=True))
        for trade in run.trades
    }
    keys = sorted({*ours, *theirs}, key=lambda key: (key[2], key[0], key[1]))
    none = np.datetime64("NaT", "ms")
    rows = []
    for key in keys:
        i = ours.get(key)
        bars, trade = theirs.get(key, (None, None))
        here = _ours(result, i) if i is not None else (none, *[np.nan] * 4)
        there = (
            (bars.time[trade.exit], trade.entry_price, trade.exit_price, trade.size, trade.pnl)
            if trade is not None and bars is not None
            else (none, *[np.nan] * 4)
        )
        rows.append((BOTH if key in ours and key in theirs else OURS if key in ours else THEIRS, here, there))
    return SecondOpinion(
        label=label,
        currency=result.currency,
        symbols=result.symbols,
        version=version,
        symbol=np.array([key[0] for key in keys], dtype=np.int64),
        side=np.array([key[1] for key in keys], dtype=np.int64),
        found=np.array([row[0] for row in rows], dtype=np.int64),
        entry_time=np.array([key[2] for key in keys], dtype="datetime64[ms]"),
        **_columns(rows),
        equity=float(result.equity[-1]),
        other_equity=float(sum(run.equity for run in repeated)),
        notes=_notes(result),
    )


def _ours(result: BacktestResult, i: int) -> tuple[Any, ...]:
    return (
        result.trade_exit_time[i],
        float(result.trade_entry_price[i]),
        float(result.trade_exit_price[i]),
        float(result.trade_size[i]),
        float(result.trade_pnl[i]),
    )


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The columns that both have, ours and the other's under their names."""
    found: dict[str, Any] = {}
    for place, name in enumerate(("exit_time", "entry_price", "exit_price", "size", "pnl")):
        kind = "datetime64[ms]" if name == "exit_time" else np.float64
        found[name] = np.array([here[place] for _, here, _ in rows], dtype=kind)
        found[f"other_{name}"] = np.array([there[place] for _, _, there in rows], dtype=kind)
    return found


def _notes(result: BacktestResult) -> tuple[str, ...]:
    """What cannot agree, in sentences."""
    found = []
    called = int((result.trade_reason == REASONS.index("liquidation")).sum())
    if called:
        trades = "1 trade was" if called == 1 else f"{called} trades were"
        found.append(f"{trades} closed here by a margin call, which Backtrader does not know: it lets them run.")
    found.append("The signals are the same on both sides: this checks fills, costs, sizes and cash, not the strategy.")
    return tuple(found)

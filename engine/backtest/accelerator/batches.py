"""Metrics of the combinations of a grid on a device, in batches that fit into its memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.accelerator.series import Series, series_of
from engine.backtest.accelerator.signals import Signals
from engine.backtest.accelerator.stop_table import KINDS, Kind, StopTable, Wanted, compiled_table, stop_table
from engine.backtest.accelerator.trades import Decisions, Lanes, Rules, begun, followed
from engine.backtest.accelerator.words import WIDTH, Words, words_of
from engine.backtest.kernels import kernels
from engine.backtest.sweeps.rows import Places, unique_rows
from engine.devices import Device
from engine.market.bars import Floats

_MOST = 1 << 20  # combinations of a batch, after which the progress is heard
_LANE = 700  # bytes of a combination: its state, and what a step makes beside it
_WORD = 40  # of a word of a row of decisions, both sides
_STOPPED = 160  # of a place in the table of stops
_SHARE = 0.5  # of a GPU's free memory
_HOST = 400e6  # bytes where that is the machine's own memory
_TOGETHER = 1 << 14  # rows looked at together
_LOOKED = 1 << 26  # exits worth looking up to know how far positions are to be followed
_THIN = 1e-5  # see ``holdings.sharpe_from_sums``

Step = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class BatchContext:
    """What all batches share. ``rules`` and ``rule_of`` are those of ``kernels.conditions``; ``out`` takes the figures
    in their places.
    """

    device: Device
    series: Series
    signals: Signals
    account: Any
    rules: Floats
    rule_of: NDArray[np.int32]
    out: tuple[NDArray[Any], ...]
    step: Step

    def setting(self, places: Places) -> NDArray[np.int64]:
        """The row of the rules of each of ``places``."""
        return self.rule_of[places].astype(np.int64) if len(self.rule_of) else np.zeros(len(places), np.int64)


def evaluate(
    device: Device,
    signals: Signals,
    account: Any,
    rules: Floats,
    rule_of: NDArray[np.int32],
    places: Places,
    out: tuple[NDArray[Any], ...],
    step: Step,
    yearly: float,
) -> Places:
    """Figures of the combinations ``places`` into ``out``, ratios per bar times ``yearly``, ``step`` told once some are
    there; returns those whose Sharpe ratio cannot be told from sums, to be computed by the kernels. ``account``
    satisfies ``series.is_followed``.
    """
    import torch

    series = series_of(account, device.processor, torch.float64 if device.float64 else torch.float32)
    context = BatchContext(device, series, signals, account, rules, rule_of, out, step)
    stopped = kernels_stop(rules)[context.setting(places)]
    left: list[Places] = []
    with torch.inference_mode():
        for part in (places[stopped], places[~stopped]):
            for batch in _batches(context, part) if len(part) else ():
                left.append(_evaluate(context, batch))
                out[1][batch] *= yearly
                step(len(batch))
    return np.concatenate([np.empty(0, np.int64), *left])


def kernels_stop(rules: Floats) -> NDArray[np.bool_]:
    """``stops.has_stops`` of each row."""
    return np.asarray(np.isfinite(rules[:, 3:6]).any(axis=1) | (rules[:, 6] != 0))


def _batches(context: BatchContext, places: Places) -> Iterator[Places]:
    """``places`` in parts that fit into the device's memory: halved by what takes most of it."""
    keys, row = unique_rows(context.signals.keys(places))
    bars, setting = context.series.bars, context.setting(places)
    rules = context.rules[np.unique(setting)]
    stops = sum(len(unique_rows(_stops_of(rules, kind))[0]) for kind in _kinds(rules))
    sizes = len(places) * _LANE, len(keys) * (bars // WIDTH + 1) * _WORD, stops * bars * _STOPPED
    if len(places) < 2 or (len(places) <= _MOST and sum(sizes) <= _room(context.device)):
        yield places
        return
    order = np.argsort(row if sizes[1] > sizes[2] else setting, kind="stable")
    context.step(0)
    for half in np.array_split(places[order], 2):
        yield from _batches(context, half)


def _room(device: Device) -> float:
    """Bytes that a batch may take."""
    import torch

    return _SHARE * torch.cuda.mem_get_info()[0] if device.processor == "cuda" else _HOST


def _evaluate(context: BatchContext, batch: Places) -> Places:
    """Figures of one batch, all of whose combinations have a stop or none of which has; returns those left over."""
    import torch

    keys, row = unique_rows(context.signals.keys(batch))
    entries, exits = context.signals.sides(keys)
    decisions = Decisions(words_of(entries, context.series.bars), words_of(exits, context.series.bars))
    settings, setting = np.unique(context.setting(batch), return_inverse=True)
    tables = _tables(context, decisions, len(keys), settings)
    real, processor = context.series.close.dtype, context.device.processor

    def placed(values: NDArray[Any], kind: Any = torch.int64) -> Any:
        return torch.tensor(values, dtype=kind, device=processor)

    chosen = context.rules[settings]
    rules = Rules(
        placed(chosen[:, 0], real), placed(chosen[:, 1], real), placed(chosen[:, 6]), tables,
        bool(kernels_stop(chosen)[0]),
    )  # fmt: skip
    lanes = begun(placed(row), placed(setting), real)
    return _store(context, batch, followed(context.series, decisions, rules, lanes, lambda: context.step(0)))


def _tables(
    context: BatchContext, decisions: Decisions, rows: int, settings: NDArray[np.int64]
) -> dict[Kind, StopTable]:
    """A table for each kind of stop that one of ``settings`` has, at all bars at which one of the decisions enters."""
    import torch

    found: dict[Kind, StopTable] = {}
    rules = context.rules[settings]
    some = _kinds(rules)
    if not some:
        return found
    entered = _entered(decisions.entries, rows, context.series.bars)
    latest = _latest_exit(decisions.exits, rows, entered)
    for kind in some:
        stops, row = unique_rows(_stops_of(rules, kind))
        longest = np.zeros(len(stops), np.int64)
        np.maximum.at(longest, row, np.where(rules[:, 6] > 0, rules[:, 6] + 1, context.series.bars).astype(np.int64))
        until = torch.minimum(latest, entered + torch.tensor(longest, device=entered.device)[:, None])
        wanted = Wanted(kind, np.where(stops < 0, np.nan, stops), row, entered, until)
        if context.device.float64:
            found[kind] = stop_table(context.series, wanted, lambda: context.step(0))
        else:
            found[kind] = compiled_table(context.series, context.account, wanted)
    return found


def _kinds(rules: Floats) -> list[Kind]:
    """The kinds of stop that any of ``rules`` has."""
    return [kind for kind, column in zip(KINDS, rules[:, 3:6].T, strict=True) if np.isfinite(column).any()]


def _stops_of(rules: Floats, kind: Kind) -> Floats:
    """1 + slip and the value of the stop of each of ``rules``, -1 for none: what is NaN is not equal to itself."""
    stops = rules[:, [2, 3 + KINDS.index(kind)]]
    return np.asarray(np.where(np.isnan(stops[:, 1:]), -1.0, stops))


def _entered(entries: Words, rows: int, bars: int) -> Any:
    """The bars at whose open any row enters."""
    import torch

    bits = entries.bits.reshape(rows, entries.width)
    some = torch.zeros_like(bits[0])
    for part in torch.split(bits, _TOGETHER):
        some = some | _any_bit(part)
    places = torch.arange(WIDTH, dtype=torch.int32, device=some.device)
    entered = torch.nonzero(((some[:, None] >> places) & 1).reshape(-1))[:, 0] + 1
    return entered[entered < bars]


def _any_bit(bits: Any) -> Any:
    """The bits that are set in any row."""
    while len(bits) > 1:
        half = (len(bits) + 1) // 2
        rest = bits[half:]
        bits = bits[:half].clone()
        bits[: len(rest)] |= rest
    return bits[0]


def _latest_exit(exits: Words, rows: int, entered: Any) -> Any:
    """The last bar at whose open any row leaves a position entered at each of the bars, or one later."""
    import torch

    if rows * len(entered) > _LOOKED:
        return torch.full_like(entered, exits.bars)
    latest = torch.zeros_like(entered)
    step = max(_TOGETHER * WIDTH // max(len(entered), 1), 1)
    for first in range(0, rows, step):
        some = torch.arange(first, min(first + step, rows), device=entered.device)
        found = exits.next(some.repeat_interleave(len(entered)), entered.repeat(len(some)))
        latest = torch.maximum(latest, found.reshape(len(some), -1).amax(0) + 1)
    return latest.clamp(max=exits.bars)


def _store(context: BatchContext, batch: Places, lanes: Lanes) -> Places:
    """The figures of ``lanes`` into their places, those that sums cannot tell apart."""
    total, squares, growth, worst = (
        values.cpu().numpy().astype(np.float64) for values in (lanes.total, lanes.squares, lanes.growth, lanes.worst)
    )
    sharpe, thin = _sharpe(total, squares, context.account[0])
    context.out[0][batch], context.out[1][batch] = growth - 1.0, sharpe
    context.out[3][batch] = lanes.trades.cpu().numpy()
    if len(context.out[2]):
        context.out[2][batch] = worst - 1.0
    return batch[thin]


def _sharpe(total: Floats, squares: Floats, lines: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """``holdings.sharpe_from_sums``, and where sums that cancel cannot tell."""
    bars = len(lines) - 1
    mean = total / (bars - 1)
    apart = squares - total * mean
    column = kernels().holdings.SQUARES
    thin = (apart < _THIN * squares) | (squares < _THIN * lines[bars - 1, column]) | (apart < 1e-20)
    with np.errstate(divide="ignore", invalid="ignore"):
        sharpe = np.where(squares == 0.0, np.nan, mean / np.sqrt(apart / (bars - 2)))
    return sharpe, thin & (squares != 0.0)

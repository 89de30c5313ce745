"""Running a sweep: the combinations divided among the kernels, in parts that can be watched and cancelled."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.headline import RULES, account_of, by_account, is_plain, rules_of
from engine.backtest.portfolio import decide
from engine.backtest.quotes import require_tradable_prices
from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.axes import Scale
from engine.backtest.sweeps.fields import changed
from engine.backtest.sweeps.pairs import Pairs
from engine.backtest.sweeps.parallel import spread
from engine.backtest.sweeps.parts import divided, is_divisible
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.rows import Look, distinct, groups, numbered, unwatched
from engine.backtest.sweeps.watch import Watch, counting
from engine.backtest.windows import since
from engine.errors import DataError, SpecError
from engine.market.bars import MILLISECONDS_PER_YEAR, Bars, Floats, periods_per_year
from engine.market.catalog import require_tradeable
from engine.progress import Progress
from engine.strategies import Allocation, Strategy
from engine.strategies import decide as asked
from engine.strategies.crossing import Crossing

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec
    from engine.backtest.sweeps.spec import SweepSpec

Places = NDArray[np.int64]
_PARSED = 1_000  # specs made between two looks
_RULE_PATHS = {f"{part}.{name}": name for name in RULES for part in ("costs", "stops")}


@dataclass(frozen=True, eq=False)
class Unit:
    """One account of a sweep: a symbol by itself, or all of them where they share one.

    ``known`` are its ``bars`` and those before them, which are for looking back alone. Where there are any, the first
    of ``bars`` is the one before ``start``: nothing is decided there.
    """

    name: str
    spec: BacktestSpec
    bars: tuple[Bars, ...]
    known: tuple[Bars, ...]
    start: np.datetime64 | None = None

    def skipped(self) -> int:
        """Bars of the first symbol that are known and not traded."""
        return len(self.known[0]) - len(self.bars[0])

    def per_year(self) -> float:
        """Bars a calendar year."""
        return periods_per_year(np.unique(np.concatenate([item.time for item in self.bars])))

    def returns(self) -> int:
        """Returns from bar to bar."""
        return max(len(np.unique(np.concatenate([item.time for item in self.bars]))) - 1, 0)

    def years(self) -> float:
        """Calendar years from the first bar to the last."""
        first, last = min(item.time[0] for item in self.bars), max(item.time[-1] for item in self.bars)
        return float((last - first) / np.timedelta64(1, "ms")) / MILLISECONDS_PER_YEAR


@dataclass(frozen=True, eq=False)
class Figures:
    """What is kept of each combination: arrays over combinations, ``drawdown`` empty if it is not wanted."""

    total: Floats
    sharpe: Floats
    drawdown: Floats
    trades: NDArray[np.int32]

    @classmethod
    def empty(cls, count: int, drawdown: bool) -> Figures:
        nothing = np.full(count, np.nan)
        return cls(nothing, nothing.copy(), np.full(count if drawdown else 0, np.nan), np.zeros(count, np.int32))

    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.total, self.sharpe, self.drawdown, self.trades


def run_sweep(
    spec: SweepSpec, inputs: Mapping[str, Any], progress: Progress, start: np.datetime64 | None = None
) -> SweepResult:
    """The result of ``spec``. Raises ``NotTradeable``, ``DataError`` or ``SpecError`` where it cannot be run at all.

    With ``start`` every combination has the figures of ``stretch.follow`` from there on.
    """
    require_tradeable(inputs["market"])
    scales, units = spec.scales(), units_of(spec.base, inputs["market"].bars, start)
    if spec.sample == "tpe":
        from engine.backtest.sweeps.tuning import search

        shown: list[Figures] = []
        with counting(units[0], shown, lambda: sum(len(item.sharpe) for item in shown)):
            parameters, figures, left_out, warnings = search(spec, scales, units, inputs, progress, shown)
        return _result(spec, scales, units, parameters, figures, left_out, warnings)

    def look() -> None:
        progress(0.0, "Laying out the combinations")

    parameters, left_out = combinations(spec, scales, look)
    watch = Watch(progress, scales, parameters, len(units))
    warnings, figures = [], []
    with counting(units[0], figures, lambda: watch.count):
        for unit in units:
            figures.append(Figures.empty(len(parameters), spec.drawdown))
            watch.begin(unit.name, figures[-1].sharpe)
            warnings += try_unit(unit, scales, parameters, figures[-1], inputs, watch.step, alone=len(units) == 1)
    return _result(spec, scales, units, parameters, figures, left_out, warnings, lambda: watch.step(0))


def combinations(spec: SweepSpec, scales: Sequence[Scale], look: Look = unwatched) -> tuple[Floats, int]:
    """The valid combinations of ``spec``, and how many were left out. Raises ``SpecError`` where there are none."""
    if spec.sample != "grid":
        return sampling.drawn(scales, spec.base, spec.sample, spec.count, spec.seed, look)
    every = sampling.grid(scales, look)
    fine = sampling.valid(scales, spec.base, every, look)
    if not fine.any():
        raise SpecError([("axes", "None of the combinations is valid: change the ranges of the axes.")])
    if fine.all():
        return every, 0
    look()
    return every[fine], int(np.count_nonzero(~fine))


def units_of(base: BacktestSpec, bars: Sequence[Bars], start: np.datetime64 | None = None) -> list[Unit]:
    """The accounts of a sweep over ``base``, each with the spec that runs it by itself."""
    if isinstance(base.strategy, Allocation) or (base.cash == "shared" and len(bars) > 1):
        return [_unit(base.market.label(), base, bars, start)]
    found = []
    for item in bars:
        market = base.market.model_copy(update={"symbols": (item.series.symbol,)})
        found.append(_unit(item.series.symbol, base.model_copy(update={"market": market}), [item], start))
    return found


def _unit(name: str, spec: BacktestSpec, bars: Sequence[Bars], start: np.datetime64 | None) -> Unit:
    traded = bars if start is None else [since(item, start, lead=1) for item in bars]
    return Unit(name, spec, tuple(traded), tuple(bars), start)


def try_unit(
    unit: Unit,
    scales: Sequence[Scale],
    parameters: Floats,
    found: Figures,
    inputs: Mapping[str, Any],
    step: Callable[[int], None],
    alone: bool,
) -> list[str]:
    """``evaluate``, where one of several symbols that cannot be traded becomes a warning."""
    try:
        return evaluate(unit, scales, parameters, found, inputs, step)
    except DataError as error:
        if alone:
            raise
        return [f"{unit.name} was left out: {error}"]


def evaluate(
    unit: Unit,
    scales: Sequence[Scale],
    parameters: Floats,
    found: Figures,
    inputs: Mapping[str, Any],
    step: Callable[[int], None],
) -> list[str]:
    """Fill ``found`` with the figures of every row of ``parameters``; ``step`` hears how many more are done.

    Returns warnings. Sharpe ratios are annualised.
    """
    short = _too_short(unit, scales, parameters, lambda: step(0))
    places = np.flatnonzero(~short)
    way = divided if is_divisible(unit, places) else fill_in
    way(unit, scales, parameters, places, found, inputs, step)
    count = int(np.count_nonzero(short))
    if count == 0:
        return []
    step(count)
    return [f"{unit.name} has too few bars to warm up {count:,} of {len(parameters):,} combinations."]


def fill_in(
    unit: Unit,
    scales: Sequence[Scale],
    parameters: Floats,
    chosen: Places,
    found: Figures,
    inputs: Mapping[str, Any],
    step: Callable[[int], None],
) -> None:
    """``evaluate`` for the combinations ``chosen``, which have bars enough."""
    outer = [a for a, s in enumerate(scales) if not s.path.startswith("strategy.") and s.path not in _RULE_PATHS]
    look: Look = lambda: step(0)  # noqa: E731
    for row, places in groups(parameters, outer, chosen, look):
        frame = unit.spec
        if outer:
            plain = {scales[a].path: scales[a].plain(v) for a, v in zip(outer, row, strict=True)}
            frame = changed(unit.spec, plain)
        require_tradable_prices(_stopped(frame, scales), unit.bars)
        part = replace(unit, spec=frame)
        timed = any(scale.path == "stops.time_stop" for scale in scales)
        is_fast = is_plain(frame) and len(unit.bars) == 1
        account = account_of(frame, unit.bars[0], bool(len(found.drawdown)), timed) if is_fast else None
        if account is None:
            _by_accounts(part, scales, parameters, places, found, inputs, step)
            continue
        rules, rule_of = _rules(frame, scales, parameters, look)
        if isinstance(frame.strategy, Crossing):
            pairs = Pairs(frame.strategy, unit.bars[0], scales, parameters, unit.known[0], look)
            pairs.run(account, rules, rule_of, places, found.arrays(), step)
        else:
            _by_signals(part, scales, parameters, places, account, (rules, rule_of), found, inputs, step)


def _stopped(frame: BacktestSpec, scales: Sequence[Scale]) -> BacktestSpec:
    """``frame`` with a stop where the axes may set one, so that its data is asked to have what stops need."""
    if frame.stops.any or not any(scale.path.startswith("stops.") for scale in scales):
        return frame
    return frame.model_copy(update={"stops": frame.stops.model_copy(update={"time_stop": 1})})


def _rules(
    frame: BacktestSpec, scales: Sequence[Scale], parameters: Floats, look: Look
) -> tuple[Floats, NDArray[np.int32]]:
    """Settings of costs and stops, and each combination's (empty where there is one)."""
    values: dict[str, Any] = {**dict(frame.costs), **dict(frame.stops)}
    axes = [axis for axis, scale in enumerate(scales) if scale.path in _RULE_PATHS]
    if not axes:
        return rules_of(values), np.empty(0, dtype=np.int32)
    rows, label = distinct(parameters[:, axes], look)
    for column, axis in enumerate(axes):
        values[_RULE_PATHS[scales[axis].path]] = rows[:, column]
    return rules_of(values), label.astype(np.int32)


def _too_short(unit: Unit, scales: Sequence[Scale], parameters: Floats, look: Look) -> NDArray[np.bool_]:
    """Combinations whose strategy needs more bars than there are."""
    room = min(len(item) for item in unit.known) - 2
    axes = [axis for axis, scale in enumerate(scales) if scale.path.startswith("strategy.")]
    if not axes:
        return np.full(len(parameters), unit.spec.strategy.warm_up() > room)
    inner = [scales[axis] for axis in axes]
    highest = _highest(unit.spec.strategy, inner, parameters[:, axes].max(axis=0))
    if highest is not None and highest.warm_up() <= room:
        return np.zeros(len(parameters), dtype=bool)
    short = np.zeros(len(parameters), dtype=bool)
    for number, (row, places) in enumerate(groups(parameters, axes, look=look)):
        if not number % _PARSED:
            look()
        short[places] = sampling.strategy_of(unit.spec.strategy, inner, row).warm_up() > room
    return short


def _highest(strategy: Strategy, scales: Sequence[Scale], values: Floats) -> Strategy | None:
    """``strategy`` with the highest value of each axis, the longest to warm up; None where that cannot be told."""
    if all("." not in scale.path.removeprefix("strategy.") for scale in scales):  # it need not be a valid one
        plain = {s.path.removeprefix("strategy."): s.plain(float(v)) for s, v in zip(scales, values, strict=True)}
        return strategy.model_copy(update=plain)
    if any(scale.words for scale in scales):
        return None
    try:
        return typing.cast(Strategy, sampling.strategy_of(strategy, scales, values))
    except SpecError:
        return None


def _strategies(
    unit: Unit, scales: Sequence[Scale], parameters: Floats, places: Places, look: Look
) -> Iterator[tuple[BacktestSpec, Places]]:
    """The spec with each strategy among the combinations ``places``, and where it is."""
    axes = [axis for axis, scale in enumerate(scales) if scale.path.startswith("strategy.")]
    for row, chosen in groups(parameters, axes, places, look):
        strategy = unit.spec.strategy
        if axes:
            strategy = sampling.strategy_of(strategy, [scales[axis] for axis in axes], row)
        yield unit.spec.model_copy(update={"strategy": strategy}), chosen


def _by_signals(
    unit: Unit,
    scales: Sequence[Scale],
    parameters: Floats,
    places: Places,
    account: Any,
    rules: tuple[Floats, NDArray[np.int32]],
    found: Figures,
    inputs: Mapping[str, Any],
    step: Callable[[int], None],
) -> None:
    """One signal function call for each strategy, then the kernel for all its settings."""
    from engine.backtest.kernels import orders

    yearly = np.sqrt(unit.bars[0].periods_per_year())
    for spec, chosen in _strategies(unit, scales, parameters, places, lambda: step(0)):
        signals = asked.signals(spec.strategy, unit.known[0], inputs)
        entries, exits = (_traded(flags, unit.skipped()) for flags in (signals.entries, signals.exits))

        def judge(chunk: Places, entries: Any = entries, exits: Any = exits) -> None:
            orders.judge_many(entries, exits, account, *rules, chunk, found.arrays())
            found.sharpe[chunk] *= yearly

        if len(chosen) < 1000:
            judge(chosen)
            step(len(chosen))
        else:
            spread(judge, chosen, step)


def _by_accounts(
    unit: Unit,
    scales: Sequence[Scale],
    parameters: Floats,
    places: Places,
    found: Figures,
    inputs: Mapping[str, Any],
    step: Callable[[int], None],
) -> None:
    """Whatever depends on more than the bars of fills: the streaming account, one combination at a time."""
    axes = [axis for axis, scale in enumerate(scales) if scale.path in _RULE_PATHS]
    for spec, chosen in _strategies(unit, scales, parameters, places, lambda: step(0)):
        decisions = decide(spec, unit.known, inputs)
        for row, same in groups(parameters, axes, chosen, lambda: step(0)):
            plain = {scales[axis].path: scales[axis].plain(v) for axis, v in zip(axes, row, strict=True)}
            figures = by_account(changed(spec, plain) if plain else spec, unit.known, decisions, unit.start)
            found.total[same], found.trades[same] = figures.total_return, figures.trades
            found.sharpe[same] = np.nan if figures.sharpe is None else figures.sharpe
            if len(found.drawdown):
                found.drawdown[same] = figures.max_drawdown
            step(len(same))


def _traded(flags: NDArray[np.bool_], skipped: int) -> NDArray[np.bool_]:
    """Decisions on the bars of the account, an array as the kernels are compiled for; on the bar before the account's
    start there are none.
    """
    kept = np.array(flags[skipped:])
    if skipped:
        kept[0] = False
    return kept


def _result(
    spec: SweepSpec,
    scales: Sequence[Scale],
    units: Sequence[Unit],
    parameters: Floats,
    figures: Sequence[Figures],
    left_out: int,
    warnings: Sequence[str],
    look: Look = unwatched,
) -> SweepResult:
    shape = (len(units), len(parameters))
    drawdowns = [item.drawdown if len(item.drawdown) else np.full(len(parameters), np.nan) for item in figures]
    return SweepResult(
        label=spec.base.label(),
        family=spec.base.strategy.kind,
        symbols=tuple(unit.name for unit in units),
        objective=spec.objective,
        axes=tuple(scale.path for scale in scales),
        titles=tuple(scale.title for scale in scales),
        units=tuple(scale.unit for scale in scales),
        whole=tuple(scale.whole for scale in scales),
        values=tuple(tuple(numbered(column, look)[0].tolist()) for column in parameters.T),
        words=tuple(scale.words for scale in scales),
        parameters=parameters,
        total_return=np.array([item.total for item in figures]).reshape(shape),
        sharpe=np.array([item.sharpe for item in figures]).reshape(shape),
        max_drawdown=np.array(drawdowns).reshape(shape),
        trades=np.array([item.trades for item in figures], dtype=np.int32).reshape(shape),
        observations=tuple(unit.returns() for unit in units),
        periods_per_year=tuple(unit.per_year() for unit in units),
        years=tuple(unit.years() for unit in units),
        left_out=left_out,
        warnings=tuple(warnings),
        base=spec.base.model_dump_json(),
    )

"""Searching instead of trying everything: Optuna's tree-structured Parzen estimator over the kernels of sweeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps import sampling
from engine.backtest.sweeps.axes import Scale
from engine.backtest.sweeps.evaluation import try_unit
from engine.backtest.sweeps.result import calmar
from engine.backtest.sweeps.units import Figures, Unit, Work
from engine.errors import SpecError
from engine.market.bars import Floats
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.backtest.sweeps.spec import SweepSpec

_FEWEST, _MOST = 32, 512  # draws between two looks at what has come of them
_REFUSED = 50  # invalid draws for each that is wanted, before the search ends


def search(
    spec: SweepSpec,
    scales: Sequence[Scale],
    units: Sequence[Unit],
    inputs: Mapping[str, Any],
    progress: Progress,
    shown: list[Figures],
) -> tuple[Floats, list[Figures], int, list[str]]:
    """Parameters tried, the figures of each unit, the number of invalid draws, and warnings.

    A combination's score is the median of the objective over the symbols. One drawn again is not run again; invalid
    ones are told to the estimator as failures. What was run is added to ``shown``.
    """
    spaces = {scale.path: _space(scale) for scale in scales}
    study = _study(spaces, spec.seed)
    seen: dict[tuple[float, ...], float] = {}
    parts: list[tuple[Floats, list[Figures]]] = []
    warnings: dict[str, None] = {}
    refused = draws = 0

    def look(done: int = 0) -> None:
        progress(len(seen) / spec.count, f"{len(seen):,} of {spec.count:,} combinations drawn")

    while len(seen) < spec.count and draws < _REFUSED * spec.count:
        most = min(max(len(seen) // 4, _FEWEST), _MOST, spec.count - len(seen))
        trials = [study.ask(spaces) for _ in range(most)]
        draws += len(trials)
        rows = np.array([[_value(scale, trial.params[scale.path]) for scale in scales] for trial in trials])
        fine = sampling.valid(scales, spec.base, rows)
        refused += int(np.count_nonzero(~fine))
        new = list(dict.fromkeys(tuple(row) for row in rows[fine].tolist() if tuple(row) not in seen))
        if new:
            figures, said = _run(spec, scales, units, np.array(new), inputs, look)
            warnings |= dict.fromkeys(said)
            parts.append((np.array(new), figures))
            shown.extend(figures)
            seen |= dict(zip(new, _scores(spec.objective, units, figures), strict=True))
        _tell(study, trials, rows.tolist(), fine.tolist(), seen)
        look()
        if not new and len(seen) >= _possible(scales):
            break
    if not parts:
        raise SpecError([("axes", "None of the combinations drawn is valid: change the ranges of the axes.")])
    return np.concatenate([rows for rows, _ in parts]), _joined(parts), refused, list(warnings)


def _joined(parts: Sequence[tuple[Floats, list[Figures]]]) -> list[Figures]:
    """The figures of each unit, over all parts."""
    by_unit = zip(*(figures for _, figures in parts), strict=True)
    return [
        Figures(*(np.concatenate(same) for same in zip(*(one.arrays() for one in unit), strict=True)))
        for unit in by_unit
    ]


def _study(spaces: Mapping[str, Any], seed: int) -> Any:
    import optuna

    from engine.backtest.sweeps.parzen import Parzen

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize", sampler=Parzen(spaces, seed))


def _space(scale: Scale) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if scale.words:
        return CategoricalDistribution([int(value) for value in scale.listed])
    return FloatDistribution(scale.low, scale.high) if scale.free else IntDistribution(0, scale.count() - 1)


def _value(scale: Scale, drawn: float) -> float:
    return float(drawn) if scale.words or scale.free else float(scale.at(np.array([int(drawn)]))[0])


def _possible(scales: Sequence[Scale]) -> float:
    return float("inf") if any(scale.free for scale in scales) else float(np.prod([scale.count() for scale in scales]))


def _run(
    spec: SweepSpec,
    scales: Sequence[Scale],
    units: Sequence[Unit],
    rows: Floats,
    inputs: Mapping[str, Any],
    look: Callable[[int], None],
) -> tuple[list[Figures], list[str]]:
    figures, warnings = [], []
    for unit in units:
        found = Figures.empty(len(rows), spec.drawdown)
        warnings += try_unit(Work(unit, scales, rows, found, inputs, look), alone=len(units) == 1)
        figures.append(found)
    return figures, warnings


def _scores(objective: str, units: Sequence[Unit], figures: Sequence[Figures]) -> list[float]:
    columns = []
    for unit, found in zip(units, figures, strict=True):
        if objective == "calmar":
            columns.append(calmar(found.total, found.drawdown, unit.years()))
        else:
            columns.append(found.total if objective == "total_return" else found.sharpe)
    table = np.array(columns)
    empty: NDArray[np.bool_] = np.asarray(np.isnan(table).all(axis=0))
    table[:, empty] = 0.0
    scores: Floats = np.where(empty, np.nan, np.nanmedian(table, axis=0))
    return [float(value) for value in scores]


def _tell(study: Any, trials: Sequence[Any], rows: Sequence[Sequence[float]], fine: Sequence[bool], seen: Any) -> None:
    from optuna.trial import TrialState

    for trial, row, ok in zip(trials, rows, fine, strict=True):
        score = seen[tuple(row)] if ok else float("nan")
        if np.isnan(score):
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, score)

"""Parameter search by Optuna's tree-structured Parzen estimator over the kernels of sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.sweeps.accounts import EvaluationBatch, MetricArrays, SweepAccount
from engine.backtest.sweeps.evaluation import evaluate
from engine.backtest.sweeps.result import calmar
from engine.backtest.sweeps.validity import valid
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
from engine.core.progress import Progress
from engine.market.bars import Floats

if TYPE_CHECKING:
    from engine.backtest.sweeps.spec import SweepSpec

_MINIMUM_BATCH, _MAXIMUM_BATCH = 32, 512  # draws per batch
_MAXIMUM_INVALID = 50  # invalid draws per requested one before the search ends


def search(
    spec: SweepSpec,
    scales: Sequence[ResolvedAxis],
    units: Sequence[SweepAccount],
    inputs: Mapping[str, Any],
    progress: Progress,
    shown: list[MetricArrays],
) -> tuple[Floats, MetricArrays, int, list[str]]:
    """Parameters tried, their metrics, the number of invalid draws, and warnings.

    The score of a combination is the objective of the portfolio. Repeated draws are not run again; invalid ones are
    reported to the estimator as failures. Each batch of metrics is appended to ``shown``.
    """
    spaces = {scale.path: _space(scale) for scale in scales}
    study = _study(spaces, spec.seed)
    seen: dict[tuple[float, ...], float] = {}
    parts: list[Floats] = []
    warnings: dict[str, None] = {}
    invalid = draws = 0

    def check_cancelled(done: int = 0) -> None:
        progress(len(seen) / spec.count, f"{len(seen):,} of {spec.count:,} combinations drawn")

    while len(seen) < spec.count and draws < _MAXIMUM_INVALID * spec.count:
        most = min(max(len(seen) // 4, _MINIMUM_BATCH), _MAXIMUM_BATCH, spec.count - len(seen))
        trials = [study.ask(spaces) for _ in range(most)]
        draws += len(trials)
        rows = np.array([[_value(scale, trial.params[scale.path]) for scale in scales] for trial in trials])
        fine = valid(scales, spec.base, rows)
        invalid += int(np.count_nonzero(~fine))
        new = list(dict.fromkeys(tuple(row) for row in rows[fine].tolist() if tuple(row) not in seen))
        if new:
            found = MetricArrays.empty(len(units), len(new), spec.drawdown)
            warnings |= dict.fromkeys(
                evaluate(EvaluationBatch(units, scales, np.array(new), found, inputs, check_cancelled))
            )
            parts.append(np.array(new))
            shown.append(found)
            seen |= dict(zip(new, _scores(spec.objective, units[0], shown[-1]), strict=True))
        _report(study, trials, rows.tolist(), fine.tolist(), seen)
        check_cancelled()
        if not new and len(seen) >= _grid_size(scales):
            break
    if not parts:
        raise SpecError([("axes", "No drawn combination is valid: change the ranges of the axes.")])
    arrays = zip(*(metrics.arrays() for metrics in shown), strict=True)
    return (
        np.concatenate(parts),
        MetricArrays(*(np.concatenate(same, axis=1) for same in arrays)),
        invalid,
        list(warnings),
    )


def _study(spaces: Mapping[str, Any], seed: int) -> Any:
    import optuna

    from engine.backtest.sweeps.parzen import Parzen

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize", sampler=Parzen(spaces, seed))


def _space(scale: ResolvedAxis) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if scale.words:
        return CategoricalDistribution([int(value) for value in scale.listed])
    return FloatDistribution(scale.low, scale.high) if scale.free else IntDistribution(0, scale.count() - 1)


def _value(scale: ResolvedAxis, drawn: float) -> float:
    return float(drawn) if scale.words or scale.free else float(scale.at(np.array([int(drawn)]))[0])


def _grid_size(scales: Sequence[ResolvedAxis]) -> float:
    return float("inf") if any(scale.free for scale in scales) else float(np.prod([scale.count() for scale in scales]))


def _scores(objective: str, unit: SweepAccount, metrics: MetricArrays) -> list[float]:
    total, sharpe, drawdown, _ = metrics.whole()
    scores = {"total_return": total, "sharpe": sharpe}
    found: Floats = scores[objective] if objective in scores else calmar(total, drawdown, unit.years())
    return [float(value) for value in found]


def _report(
    study: Any, trials: Sequence[Any], rows: Sequence[Sequence[float]], fine: Sequence[bool], seen: Any
) -> None:
    from optuna.trial import TrialState

    for trial, row, ok in zip(trials, rows, fine, strict=True):
        score = seen[tuple(row)] if ok else float("nan")
        if np.isnan(score):
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, score)

"""Scoring a registered model on the bars that came after its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.backtest.metrics import bar_returns, sharpe_per_bar
from engine.core.errors import DataError, NotTradeable
from engine.core.progress import Progress, silent
from engine.features.matrix import FeatureMatrix
from engine.jobs.executors import computes
from engine.market.bars import Floats, Market, Times, periods_per_year
from engine.models.resampling import MINIMUM_TIMES, block_length, central, resampled
from engine.models.scores import Scored, out_of_sample
from engine.models.service import registered
from engine.models.service.scoring import Mask, Rescored, rescored
from engine.models.service.served import ServedModel
from engine.research.bootstrap import MINIMUM_RETURNS, block_bootstrap
from engine.research.bootstrap import block_length as return_block
from engine.research.service import drift as drifts
from engine.research.service.drift import Drift
from engine.research.service.monitoring.result import Change, MonitorResult, Period
from engine.research.service.monitoring.spec import MonitorSpec
from engine.research.service.paper import Side, account, side_of

_CHANGES = ("auc", "accuracy", "hit_rate", "rank_ic", "ic")
"""Scores whose change from the test is given with a band, as far as the task has them."""
PAPER_RETURN = "paper_return"
"""The mean return of a year of the paper account, among the changes."""
_SAMPLES = 500
_NOT_A_DIRECTION = "No paper account: what the model predicts is neither a rise nor a fall."


@computes(MonitorSpec)
def compute(spec: MonitorSpec, inputs: Mapping[str, Any], progress: Progress) -> MonitorResult:
    """Raises ``DataError`` where no bar came after the training, or the model is not the one that was asked for."""
    item = registered.find(spec.model)
    if item.digest != spec.digest:
        raise DataError(f"{spec.model} is another model than the one that was asked for: open the page again.")
    model = registered.load(item)
    progress(0.0, f"Predicting with {spec.model}")
    found = rescored(model, inputs["market"], inputs["features"])
    progress(0.2, "Paper account")
    paper, problem = _paper(spec, found, inputs["market"])
    inputs_drift = _inputs_drift(found, inputs["features"], spec.seed, progress)
    progress(0.8, "Scores and their intervals")
    drawn = [_drawn(spec, found, mask) for mask in (~found.is_new, found.is_new)]
    periods = [
        _period(found, mask, samples, paper) for mask, samples in zip((~found.is_new, found.is_new), drawn, strict=True)
    ]
    return MonitorResult(
        label=spec.label(),
        model=spec.model,
        task=spec.trained.target.task,
        unit=spec.trained.target.unit,
        horizon=spec.trained.target.horizon,
        symbols=inputs["features"].symbols,
        test=periods[0],
        newest=periods[1],
        changes=(*_changes(periods, drawn), *_profit_change(found, paper, spec.seed)),
        inputs=inputs_drift,
        output=_output_drift(found, spec.seed),
        **_rows(found),
        **paper,
        notes=(*_notes(model, found), *([problem] if problem else [])),
    )


def _rows(found: Rescored) -> dict[str, Any]:
    return {
        "time": found.rows.time,
        "known": found.rows.known,
        "end": found.end,
        "symbol": found.rows.symbol,
        "prediction": found.scored.prediction,
        "base": found.scored.base,
        "outcome": found.scored.label,
        "realised": found.scored.returns,
        "is_new": found.is_new,
    }


def _paper(spec: MonitorSpec, found: Rescored, market: Market) -> tuple[dict[str, Any], str]:
    """The paper account over all rows; where there can be none it is empty, and the reason is a sentence."""
    nothing = np.empty(0)
    none = {"paper_time": found.rows.time[:0], "equity": nothing, "benchmark": nothing, "capital": 1.0}
    if not spec.trained.target.is_direction:
        return none, _NOT_A_DIRECTION
    symbols = tuple(bars.series.symbol for bars in market.bars)
    side = Side(symbols, found.rows.symbol, found.rows.known, side_of(found.scored))
    try:
        result = account(spec.market(), market, side, spec.costs)
    except (DataError, NotTradeable) as error:
        return none, f"No paper account: {error}"
    return {
        "paper_time": result.time,
        "equity": result.equity,
        "benchmark": result.benchmark,
        "capital": result.capital,
    }, ""


def _inputs_drift(found: Rescored, features: FeatureMatrix, seed: int, progress: Progress) -> tuple[Drift, ...]:
    before, after = found.trained, found.rows.where(found.is_new)
    items = []
    for place, name in enumerate(features.names):
        progress(0.3 + 0.5 * place / len(features.names), f"Drift of {name}")
        one, other = (drifts.Period(rows.matrix[rows.place, place], rows.time) for rows in (before, after))
        items.append(drifts.drift(name, one, other, seed))
    return tuple(items)


def _output_drift(found: Rescored, seed: int) -> Drift:
    said = found.scored.directional()
    one, other = (drifts.Period(said[mask], found.rows.time[mask]) for mask in (~found.is_new, found.is_new))
    return drifts.drift("Prediction", one, other, seed)


def _drawn(spec: MonitorSpec, found: Rescored, mask: Mask) -> Floats:
    """The scores of each bootstrap sample (scores, samples), empty for too few bars."""
    rows, time = _scored(found, mask)
    if len(np.unique(time)) < MINIMUM_TIMES:
        return np.empty((0, 0))
    (drawn,) = resampled([rows], time, block_length(rows, time, spec.trained.target.horizon), spec.seed)
    return drawn


def _scored(found: Rescored, mask: Mask) -> tuple[Scored, Times]:
    kept = found.known & mask
    return found.scored.where(kept), found.rows.time[kept]


def _period(found: Rescored, mask: Mask, drawn: Floats, paper: Mapping[str, Any]) -> Period:
    rows, _ = _scored(found, mask)
    time = found.rows.time[mask]
    total, sharpe = _profit(paper["paper_time"], paper["equity"], time)
    return Period(
        first=str(time.min()) if len(time) else "",
        last=str(time.max()) if len(time) else "",
        rows=len(time),
        scored=len(rows),
        scores=out_of_sample(rows) if len(rows) else {},
        intervals=central(drawn) if len(drawn) else np.empty((0, 2)),
        total_return=total,
        sharpe=sharpe,
    )


def _profit(time: Times, equity: Floats, within: Times) -> tuple[float, float]:
    """Total return and annualised Sharpe ratio of the account between the first and the last time of ``within``."""
    inside = np.flatnonzero((time >= within.min()) & (time <= within.max())) if len(within) else np.empty(0, dtype=int)
    if len(inside) < 2:
        return float("nan"), float("nan")
    own = equity[max(inside[0] - 1, 0) : inside[-1] + 1]  # the first return is that into the first bar
    ratio = sharpe_per_bar(bar_returns(own))
    yearly = float("nan") if ratio is None else ratio * float(np.sqrt(periods_per_year(time)))
    return float(own[-1] / own[0] - 1), yearly


def _changes(periods: list[Period], drawn: list[Floats]) -> tuple[Change, ...]:
    test, newest = periods
    names = [name for name in _CHANGES if name in newest.scores and name in test.scores]
    bands = np.full((len(newest.scores), 2), np.nan)
    if len(drawn[0]) and len(drawn[1]):
        count = min(part.shape[1] for part in drawn)
        bands = central(drawn[1][:, :count] - drawn[0][:, :count])
    every = list(newest.scores)
    return tuple(
        Change(name, newest.scores[name] - test.scores[name], *(float(end) for end in bands[every.index(name)]))
        for name in names
    )


def _profit_change(found: Rescored, paper: Mapping[str, Any], seed: int) -> tuple[Change, ...]:
    """The mean return a year of the paper account on the newest bars less that on the test, its band from both parts
    resampled by themselves; nothing where one is too short.
    """
    time, returns = paper["paper_time"][1:], bar_returns(paper["equity"])
    if not found.is_new.any() or not len(returns):
        return ()
    is_new = time >= found.rows.time[found.is_new].min()
    parts = [returns[~is_new], returns[is_new]]
    if min(map(len, parts)) < MINIMUM_RETURNS:
        return ()
    yearly = periods_per_year(paper["paper_time"])
    drawn = [
        block_bootstrap(
            _mean, part, return_block(part), samples=_SAMPLES, seed=seed + place, progress=silent, label="Paper account"
        ).ravel()
        for place, part in enumerate(parts)
    ]
    low, high = central((drawn[1] - drawn[0])[None])[0] * yearly
    return (Change(PAPER_RETURN, float(parts[1].mean() - parts[0].mean()) * yearly, float(low), float(high)),)


def _mean(values: Floats) -> Floats:
    return np.array([values.mean()])


def _notes(model: ServedModel, found: Rescored) -> tuple[str, ...]:
    notes = []
    if not found.is_new.any():
        end = model.card.data_end or model.card.trained
        notes.append(f"No bar has come since the run's data ended on {end[:10]}: update the bars of its symbols.")
    if not len(found.trained):
        span = f"{model.card.train_start[:10]} to {model.card.train_end[:10]}"
        notes.append(f"The bars from {span}, which it was trained on, are not stored here: no drift of its inputs.")
    if model.card.sealed_from:
        notes.append(f"Its holdout from {model.card.sealed_from[:10]} on is still sealed and was left out.")
    return tuple(notes)

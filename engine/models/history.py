"""Trained models as they were at moments of their tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.features.evaluation import load_context
from engine.features.matrix import matrix
from engine.market.availability import known_until
from engine.market.bars import Floats, Market
from engine.models import call_model
from engine.models.dataset import Dataset, timeline
from engine.models.preparation import Parts, parts, rows_of, sealed
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec


class History:
    """``result``, the models of ``spec`` trained on ``market``, at a moment: the fitted models and their folds stay,
    features and labels are computed again from the bars that had ended by then, and the predictions are those that
    they give.

    A score of the whole test was not known and is NaN. A model whose training rows, labels included, were not known
    when its test began has predicted nothing at any moment: so has every model of a fold that is not in time.
    """

    def __init__(self, spec: ModelSpec, result: ModelResult, market: Market) -> None:
        self._spec, self._result, self._market = spec, result, market
        self._context = load_context(spec.features, spec.market)
        self._start = np.datetime64(result.test_start)
        self._moments, first = np.unique(result.time, return_index=True)
        self._folds = result.fold[:, first]  # of each moment, on each path
        self._followable = self._known_in_time()
        self._latest: tuple[tuple[int, ...], ModelResult] | None = None

    def __call__(self, moment: np.datetime64) -> ModelResult:
        market = known_until(self._market, moment)
        lengths = tuple(len(bars) for bars in market.bars)
        if self._latest is None or self._latest[0] != lengths:  # finer bars ask for the same state again and again
            self._latest = lengths, self._predicted(market)
        return self._latest[1]

    def _predicted(self, market: Market) -> ModelResult:
        result = self._result
        rows, fold = self._tested(market)
        prediction = self._stitched(rows, fold) if rows is not None else result.prediction[None, :0]
        count = len(rows) if rows is not None else 0
        return replace(
            result,
            time=rows.time if rows else result.time[:0],
            known=rows.known if rows else result.time[:0],
            symbol=rows.symbol if rows else result.symbol[:0],
            outcome=rows.label if rows else np.empty(0),
            prediction=prediction[0],
            more_paths=prediction[1:],
            fold=fold,
            base=np.full_like(prediction[0], np.nan),
            realised=np.full(count, np.nan),
            scores=dict.fromkeys(result.scores, np.nan),
            intervals=np.empty((0, 2)),
            path_scores=np.full(result.n_paths, np.nan),
            null_scores=np.empty(0),
            null_table=np.empty((0, 0)),
        )

    def _tested(self, market: Market) -> tuple[Dataset | None, NDArray[np.int32]]:
        """The rows with a prediction that could be followed, and the folds that they are tested by, -1 for none."""
        nothing = self._result.fold[:, :0]
        if not self._followable.any() or all(bars.time[-1] < self._start for bars in market.bars):
            return None, nothing
        rows = self._rows(market)
        place = np.minimum(np.searchsorted(self._moments, rows.time), len(self._moments) - 1)
        fold = np.where(self._moments[place] == rows.time, self._folds[:, place], -1)
        fold = np.where(self._followable[fold] & (fold >= 0), fold, -1).astype(np.int32)
        kept = np.asarray((fold >= 0).any(axis=0))
        return (rows.where(kept), fold[:, kept]) if kept.any() else (None, nothing)

    def _stitched(self, rows: Dataset, fold: NDArray[np.int32]) -> Floats:
        """Predictions on all paths, each by the model of its fold."""
        found = np.full((len(fold), len(rows), *self._result.prediction.shape[1:]), np.nan)
        for number in np.unique(fold[fold >= 0]):
            model = self._result.folds[number]
            mask = np.asarray((fold == number).any(axis=0))
            part = rows.where(mask)
            prediction = call_model.predict(self._spec.model, model.artifact, part.processed(model.processors))
            whole = np.full(found.shape[1:], np.nan)
            whole[mask] = prediction
            found[fold == number] = np.broadcast_to(whole, found.shape)[fold == number]
        return found

    def _rows(self, market: Market) -> Dataset:
        """The rows of ``market``, its symbols numbered as in the result, labels of the sealed holdout unknown."""
        spec, start = self._spec, self._result.holdout_start
        features = matrix(spec.features, market, context=self._context)
        rows = rows_of(spec, market, features)
        if start:
            rows = sealed(rows, timeline(rows, features).end, np.datetime64(start))
        places = [self._result.symbols.index(bars.series.symbol) for bars in market.bars]
        return replace(rows, symbol=np.array(places, dtype=np.int32)[rows.symbol])

    def _known_in_time(self) -> NDArray[np.bool_]:
        """Whether each training row of a fold is the same on the bars before its test alone."""
        found = parts(self._spec, self._market, matrix(self._spec.features, self._market, context=self._context))
        return np.array([self._is_known(found, number) for number in range(len(found.folds))])

    def _is_known(self, found: Parts, number: int) -> bool:
        if not self._result.folds[number].in_time:
            return False
        train, start = found.train(number), np.datetime64(self._result.folds[number].test_start)
        earlier = (bars.slice(0, int(np.searchsorted(bars.time, start))) for bars in self._market.bars)
        recomputed = self._rows(Market(tuple(bars for bars in earlier if len(bars))))
        at = np.searchsorted(_keys(recomputed), _keys(train))
        if not len(recomputed) or (at >= len(recomputed)).any() or (_keys(recomputed)[at] != _keys(train)).any():
            return False
        same = np.isclose(recomputed.values[at], train.values, rtol=1e-9, atol=1e-12, equal_nan=True).all()
        return bool(same) and np.array_equal(recomputed.label[at], train.label)


def _keys(rows: Dataset) -> NDArray[np.int64]:
    """Symbol and time of each row as one number, ascending."""
    return rows.symbol.astype(np.int64) * 2**52 + rows.time.astype(np.int64)

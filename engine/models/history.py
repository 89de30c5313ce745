"""A trained model as it was at moments of its test part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.features.evaluation import load_context
from engine.features.matrix import matrix
from engine.market.availability import known_until
from engine.market.bars import Market
from engine.models import call_model
from engine.models.dataset import Dataset
from engine.models.preparation import parts, rows_of
from engine.models.result import ModelResult
from engine.models.scores import is_predicted
from engine.models.spec import ModelSpec


class History:
    """``result``, the model of ``spec`` trained on ``market``, at a moment: the fitted model and its split stay,
    features and labels are computed again from the bars that had ended by then, and the predictions are those that
    they give.

    A score of the whole test was not known and is NaN. A model whose training rows, labels included, were not known
    when its test began has predicted nothing at any moment.
    """

    def __init__(self, spec: ModelSpec, result: ModelResult, market: Market) -> None:
        self._spec, self._result, self._market = spec, result, market
        self._context = load_context(spec.features, spec.market)
        self._start = np.datetime64(result.test_start)
        self._is_out_of_sample = self._trained_before_the_test()
        self._latest: tuple[tuple[int, ...], ModelResult] | None = None

    def __call__(self, moment: np.datetime64) -> ModelResult:
        market = known_until(self._market, moment)
        lengths = tuple(len(bars) for bars in market.bars)
        if self._latest is None or self._latest[0] != lengths:  # finer bars ask for the same state again and again
            self._latest = lengths, self._predicted(market)
        return self._latest[1]

    def _predicted(self, market: Market) -> ModelResult:
        rows: Dataset | None = None
        if self._is_out_of_sample and any(bars.time[-1] >= self._start for bars in market.bars):
            everything = self._rows(market)
            rows = everything.where(everything.time >= self._start)
        nothing = self._result.time[:0]
        partial = replace(
            self._result,
            time=rows.time if rows else nothing,
            known=rows.known if rows else nothing,
            symbol=rows.symbol if rows else self._result.symbol[:0],
            outcome=rows.label if rows else np.empty(0),
            prediction=self._result.prediction[:0],
            scores=dict.fromkeys(self._result.scores, np.nan),
            null_scores=np.empty(0),
            n_test=len(rows) if rows else 0,
            n_scored=0,
        )
        if not rows:
            return partial
        prediction = call_model.predict(self._spec.model, partial.artifact, rows.processed(partial.processors))
        scored = is_predicted(prediction) & np.isfinite(rows.label)
        return replace(partial, prediction=prediction, n_scored=int(scored.sum()))

    def _rows(self, market: Market) -> Dataset:
        """The rows of ``market``, its symbols numbered as in the result."""
        spec = self._spec
        rows = rows_of(spec, market, matrix(spec.features, market, context=self._context))
        places = [self._result.symbols.index(bars.series.symbol) for bars in market.bars]
        return replace(rows, symbol=np.array(places, dtype=np.int32)[rows.symbol])

    def _trained_before_the_test(self) -> bool:
        """Whether each training row is the same on the bars before the test alone."""
        train, _, _ = parts(self._spec, self._market, matrix(self._spec.features, self._market, context=self._context))
        earlier = (bars.slice(0, int(np.searchsorted(bars.time, self._start))) for bars in self._market.bars)
        recomputed = self._rows(Market(tuple(bars for bars in earlier if len(bars))))
        at = np.searchsorted(_keys(recomputed), _keys(train))
        if not len(recomputed) or (at >= len(recomputed)).any() or (_keys(recomputed)[at] != _keys(train)).any():
            return False
        same = np.isclose(recomputed.values[at], train.values, rtol=1e-9, atol=1e-12, equal_nan=True).all()
        return bool(same) and np.array_equal(recomputed.label[at], train.label)


def _keys(rows: Dataset) -> NDArray[np.int64]:
    """Symbol and time of each row as one number, ascending."""
    return rows.symbol.astype(np.int64) * 2**52 + rows.time.astype(np.int64)

"""Predictions of a served model: of new bars, by the same features as in training, or of rows of features."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.features.context import context_requests
from engine.features.matrix import FeatureMatrix, matrix
from engine.indicators import MarketIndicator, PanelIndicator
from engine.labels import Task
from engine.market import catalog
from engine.market.availability import known_at
from engine.market.bars import Bars, Floats, Market, Times
from engine.market.resampling import resampled
from engine.market.spec import MarketSpec
from engine.models import call_model
from engine.models.dataset import Dataset, from_arrays
from engine.models.scores import is_predicted
from engine.models.service.served import ServedModel

_NAMED = 5


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a model predicts, symbol after symbol, each ascending in time: ``time`` datetime64[ms] of the bars,
    ``symbol`` int32 (index into ``symbols``) and ``prediction`` float64 as ``Model.predict`` gives it, NaN where a bar
    has none. ``task``, ``classes`` and ``unit`` are those of the label. ``notes`` are sentences on what to know.
    """

    symbols: tuple[str, ...]
    time: Times
    symbol: NDArray[np.int32]
    prediction: Floats
    task: Task
    classes: tuple[str, ...]
    unit: str
    notes: tuple[str, ...] = ()


def predict(model: ServedModel, bars: Sequence[Bars], last: int | None = None) -> Forecast:
    """Predictions of the ``last`` of ``bars`` of each symbol, of all after the warm-up if None. ``bars`` are as they
    are supplied (``tables``): they are adjusted as those of the training were.

    Series that a feature compares with come from ``bars`` where they are among them, else from the stored ones. Raises
    ``DataError`` where bars are too few, or lack what a feature needs.
    """
    own, others = _parts(model, bars)
    _require_enough(model, own)
    market = _adjusted(model, own)
    features = matrix(model.spec.features, market, context=_context(model, own, others))
    rows = _rows(model, features, market)
    counted = model.spec.model.lookback() - 1 + (last or len(rows.matrix))
    rows = rows.where(_latest(rows.symbol, counted)).processed(model.processors)
    prediction = call_model.predict(model.spec.model, model.artifact, rows)
    found, notes = _forecast(model, market, rows, prediction, last), _notes(model, market)
    _require_predicted(found, features)
    return replace(found, notes=notes)


def predict_rows(model: ServedModel, values: Floats) -> Floats:
    """Predictions of rows of features (rows, ``model.columns``), float64, in the order of time where the model looks
    back: as ``Model.predict`` gives them, NaN where a row has none.
    """
    target = model.spec.target
    rows = from_arrays(values, task=target.task, classes=target.classes)
    finite = np.isfinite(values)
    kept = np.asarray(finite.any(axis=1) if model.spec.fills_unknown() else finite.all(axis=1))
    shape = (len(values), len(target.classes)) if target.task == "multiclass" else (len(values),)
    found = np.full(shape, np.nan)
    usable = rows.where(kept).processed(model.processors)
    found[kept] = call_model.predict(model.spec.model, model.artifact, usable)
    return found


def _parts(model: ServedModel, bars: Sequence[Bars]) -> tuple[tuple[Bars, ...], tuple[Bars, ...]]:
    """The bars to predict, and those that features of them are compared with alone. Raises ``DataError``."""
    trained = set(model.spec.market.symbols)
    compared = {name for spec in _requests(model, model.spec.market.symbols).values() for name in spec.symbols}
    own = tuple(item for item in bars if item.series.symbol in trained or item.series.symbol not in compared)
    if missing := trained - {item.series.symbol for item in own} if _compares(model) else set():
        raise DataError(
            f"Features of this model compare its symbols with one another, and there are no bars of "
            f"{_listed(sorted(missing))}: add them."
        )
    if not own:
        raise DataError(f"There are no bars of a symbol to predict, such as {model.spec.market.symbols[0]}.")
    places = {symbol: place for place, symbol in enumerate(model.spec.market.symbols)}
    ordered = sorted(own, key=lambda item: places.get(item.series.symbol, len(places)))
    return tuple(ordered), tuple(item for item in bars if item not in own)


def _compares(model: ServedModel) -> bool:
    return any(
        isinstance(item, PanelIndicator) or (isinstance(item, MarketIndicator) and item.compares_symbols())
        for item in model.spec.features
    )


def _requests(model: ServedModel, symbols: Sequence[str]) -> Mapping[str, MarketSpec]:
    """What the features of ``symbols`` are compared with, as it is stored today."""
    today = {"start": None, "end": None, "known_on": None, "symbols": tuple(symbols)}
    return context_requests(model.spec.features, model.spec.market.model_copy(update=today))


def _require_enough(model: ServedModel, bars: Sequence[Bars]) -> None:
    for item in bars:
        if len(item) < model.needed:
            lookback = model.spec.model.lookback()
            window = f" and a window of {lookback} bars" if lookback > 1 else ""
            raise DataError(
                f"{item.series.symbol} has {len(item):,} bars, and the model needs {model.needed:,}: the warm-up of "
                f"its features takes {model.needed - lookback:,}{window}. Give it a longer history."
            )


def _adjusted(model: ServedModel, bars: Sequence[Bars]) -> Market:
    """``bars`` as ``catalog.load`` gives them."""
    adjustment = model.spec.market.adjustment
    return Market(tuple(item.adjusted(adjustment).drop_unpriced() for item in bars))


def _context(model: ServedModel, own: Sequence[Bars], others: Sequence[Bars]) -> Mapping[str, Market]:
    given = {item.series.symbol: item for item in (*own, *others)}
    found = {}
    for name, spec in _requests(model, [item.series.symbol for item in own]).items():
        held = [given[symbol] for symbol in spec.symbols if symbol in given]
        longer = [item if item.series.interval == spec.interval else resampled(item, spec.interval) for item in held]
        stored = tuple(symbol for symbol in spec.symbols if symbol not in given)
        read = catalog.load(spec.model_copy(update={"symbols": stored})).bars if stored else ()
        found[name] = Market((*_adjusted(model, longer).bars, *read))
    return found


def _rows(model: ServedModel, features: FeatureMatrix, market: Market) -> Dataset:
    """The rows that the model can use, without labels."""
    target, count = model.spec.target, len(features.values)
    every = Dataset(
        matrix=features.values,
        place=np.arange(count, dtype=np.int64),
        time=features.time,
        symbol=features.symbol,
        label=np.full(count, np.nan),
        end=np.full(count, np.datetime64("NaT"), dtype="datetime64[ms]"),
        reach=np.zeros(count, dtype=np.int64),
        known=np.concatenate([known_at(item) for item in market.bars]),
        task=target.task,
        classes=target.classes,
    )
    return every.where(features.usable(not model.spec.fills_unknown()))


def _latest(symbol: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """The last ``count`` rows of each symbol, which are contiguous."""
    stop = np.searchsorted(symbol, symbol, side="right")
    return np.asarray(stop - np.arange(len(symbol)) <= count)


def _forecast(model: ServedModel, market: Market, rows: Dataset, prediction: Floats, last: int | None) -> Forecast:
    """``prediction`` on the last bars of each symbol, or from the first that has one on."""
    starts = np.cumsum([0, *map(len, market.bars)])
    whole = np.full((starts[-1], *prediction.shape[1:]), np.nan)
    whole[rows.place] = prediction
    known = is_predicted(whole)
    first = [max(stop - last, start) if last else start + int(np.argmax(known[start:stop]))
             for start, stop in itertools.pairwise(starts)]  # fmt: skip
    kept = np.concatenate([np.arange(begin, stop) for begin, stop in zip(first, starts[1:], strict=True)])
    target = model.spec.target
    return Forecast(
        symbols=tuple(item.series.symbol for item in market.bars),
        time=np.concatenate([item.time for item in market.bars])[kept],
        symbol=np.repeat(np.arange(len(market.bars), dtype=np.int32), np.diff(starts))[kept],
        prediction=whole[kept],
        task=target.task,
        classes=target.classes,
        unit=target.unit,
    )


def _require_predicted(found: Forecast, features: FeatureMatrix) -> None:
    """Raise ``DataError`` where the newest bar of a symbol has no prediction."""
    newest = np.append(np.flatnonzero(np.diff(found.symbol)), len(found.symbol) - 1)
    for row in newest[~is_predicted(found.prediction[newest])]:
        symbol = found.symbols[found.symbol[row]]
        values = features.values[features.rows(symbol).stop - 1]
        unknown = [name for name, value in zip(features.names, values, strict=True) if not np.isfinite(value)]
        why = f"{_listed(unknown)} of it is unknown" if unknown else "a bar before it is missing, or unknown"
        raise DataError(f"The newest bar of {symbol} ({str(found.time[row])[:10]}) cannot be predicted: {why}.")


def _notes(model: ServedModel, market: Market) -> tuple[str, ...]:
    strange = [item.series.symbol for item in market.bars if item.series.symbol not in model.spec.market.symbols]
    return (f"The model was not trained on {_listed(strange)}.",) if strange else ()


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"

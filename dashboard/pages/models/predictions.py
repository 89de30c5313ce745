"""Predictions of a model as the page lists them, whatever its task."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.text.format import count, number, signed_percent
from engine.models.result import ModelResult

MAXIMUM_ROWS = 1_000


def prediction_rows(result: ModelResult) -> list[dict[str, Any]]:
    """Rows of the table of predictions, newest first, at most ``MAXIMUM_ROWS``, without rows that lack a prediction."""
    order = np.lexsort((result.symbol, -result.time.astype(np.int64)))
    predicted = result.directional()
    order = order[~np.isnan(predicted[order])][:MAXIMUM_ROWS]
    return [
        {
            "time": moment(result.time[i]),
            "symbol": result.symbols[result.symbol[i]],
            "prediction": float(predicted[i]),
            "kind": "percent" if result.task != "regression" or result.unit == "%" else "number",
            "predicted": predicted_class(result, i),
            "outcome": "pending" if np.isnan(result.outcome[i]) else observed(result, i),
            "right": "" if np.isnan(result.outcome[i]) else "yes" if is_right(result, i) else "no",
        }
        for i in order
    ]


def prediction_note(result: ModelResult) -> str:
    """What the table holds."""
    predicted = int((~np.isnan(result.directional())).sum())
    shown = min(MAXIMUM_ROWS, predicted)
    some = f"newest {number(shown)} of {count(predicted, 'row')}" if shown < predicted else count(shown, "row")
    return f"{some}, {meaning(result)}"


def meaning(result: ModelResult) -> str:
    """What a prediction is."""
    if result.task == "regression":
        return "predicted return" if result.unit == "%" else "predicted value"
    return "probability of a rise" if result.classes == ("down", "up") else f"probability of {result.classes[-1]}"


def moment(time: np.datetime64) -> str:
    """The day, and the time of day of intraday bars."""
    return str(time)[:16].replace("T", " ").removesuffix(" 00:00")


def predicted_class(result: ModelResult, row: int) -> str:
    """The likeliest class of a row, or the side of zero."""
    if result.task == "regression":
        return "up" if result.prediction[row] > 0 else "down"
    return result.classes[_likeliest(result, row)]


def observed(result: ModelResult, row: int) -> str:
    """The class of the outcome, or the outcome itself."""
    if result.task != "regression":
        return result.classes[int(result.outcome[row])]
    return signed_percent(result.outcome[row]) if result.unit == "%" else number(result.outcome[row], 4)


def is_right(result: ModelResult, row: int) -> bool:
    """Whether the likeliest class is that of the outcome, or the prediction on its side of zero."""
    if result.task == "regression":
        return bool((result.prediction[row] > 0) == (result.outcome[row] > 0))
    return _likeliest(result, row) == int(result.outcome[row])


def _likeliest(result: ModelResult, row: int) -> int:
    prediction = result.prediction[row]
    return int(prediction >= 0.5) if result.prediction.ndim == 1 else int(np.argmax(prediction))

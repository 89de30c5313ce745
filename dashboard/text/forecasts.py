"""Predictions of a model in rows: as numbers, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.text.format import MISSING, number, percent
from engine.models.service.forecast import Forecast
from engine.models.service.requests import moment, numbers


def headings(found: Forecast) -> tuple[str, ...]:
    """Those of ``decided``; of ``values`` all but the last."""
    what = (
        found.classes
        if found.task == "multiclass"
        else ("prediction",)
        if found.task == "regression"
        else (f"probability of {found.classes[-1]}",)
    )
    return ("symbol", "time", *what, "says")


def values(found: Forecast) -> list[list[Any]]:
    """Symbol, time and each number of every prediction, None for what is not predicted."""
    columns = numbers(found.prediction.reshape(len(found.time), -1))
    return [
        [found.symbols[symbol], moment(time), *row]
        for symbol, time, row in zip(found.symbol.tolist(), found.time, columns, strict=True)
    ]


def decided(found: Forecast) -> list[list[str]]:
    """The rows of ``values`` as they are read, and what each comes to."""
    return [
        [symbol, time, *(_shown(found, value) for value in row), _says(found, row)]
        for symbol, time, *row in values(found)
    ]


def _shown(found: Forecast, value: float | None) -> str:
    if value is None:
        return MISSING
    return percent(value) if found.unit == "%" else number(value, 4)


def _says(found: Forecast, row: list[float | None]) -> str:
    known = [value for value in row if value is not None]
    if not known:
        return MISSING
    if found.task == "regression":
        return "up" if known[0] > 0 else "down"
    place = int(known[0] >= 0.5) if found.task == "binary" else int(np.argmax(known))
    return found.classes[place]

"""Requests for predictions in JSON, and the answers: what is wrong with one is a sentence, never a failure.

A request names a ``model`` (``momentum``, ``momentum@2`` or a run key) and has either ``bars``, a list of objects with
the columns of ``tables.COLUMNS``, of which the ``last`` (1) of each symbol are predicted, or ``features``, a list of
objects with a number, or null, for each column of the model; those of a model that looks back are in the order of time.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from engine.core.errors import DataError, EngineError
from engine.core.plugin_errors import blamed_on_plugins
from engine.market.bars import Floats
from engine.models.service import registered, tables
from engine.models.service.forecast import Forecast, predict, predict_rows
from engine.models.service.served import ServedModel

MOST_ROWS = 20_000
"""Bars, or rows of features, of a request."""
OK, WRONG, UNKNOWN, UNFIT, FAILED = 200, 400, 404, 422, 500
_HELD = 8  # models that stay in memory
_NAMED = 5
_log = logging.getLogger("stratoscope")

_Text = Annotated[str, StringConstraints(max_length=80)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Bar = dict[_Text, _Number | _Text | None]
_Row = dict[str, _Number | None]


class PredictionRequest(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    model: _Text
    bars: list[_Bar] | None = Field(None, min_length=1, max_length=MOST_ROWS)
    features: list[_Row] | None = Field(None, min_length=1, max_length=MOST_ROWS)
    last: int = Field(1, ge=1, le=MOST_ROWS)
    timezone: _Text = ""


@dataclass(frozen=True)
class Reply:
    """A status of HTTP and what goes with it as JSON."""

    status: int
    body: bytes

    @classmethod
    def of(cls, plain: object, status: int = OK) -> Reply:
        return cls(status, json.dumps(plain, allow_nan=False, separators=(",", ":")).encode())

    @classmethod
    def refusal(cls, sentence: str, status: int) -> Reply:
        return cls.of({"error": sentence}, status)


class _Refused(Exception):
    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Loaded:
    """The models that were asked for last: each is read once, as long as its name means the same file."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, ServedModel] = OrderedDict()

    def get(self, reference: str) -> tuple[str, ServedModel]:
        """What tells the model from others, and the model. Raises as ``registered.load`` does."""
        found = registered.resolved(reference)
        identity = found if isinstance(found, str) else found.digest
        if identity not in self._held:
            self._held[identity] = registered.load(found)
        self._held.move_to_end(identity)
        while len(self._held) > _HELD:
            self._held.popitem(last=False)
        return identity, self._held[identity]


def answers(bodies: Sequence[bytes], loaded: Loaded) -> list[Reply]:
    """A reply to each of ``bodies``, in their order. Rows of features for one model that does not look back are
    predicted together.
    """
    replies: list[Reply | None] = [None] * len(bodies)
    joined: dict[str, list[tuple[int, ServedModel, Floats]]] = {}
    for place, body in enumerate(bodies):
        try:
            request = _parsed(body)
            identity, model = _model(loaded, request.model)
            if request.features is None:
                replies[place] = _bars(request, model)
            else:
                values, looks_back = _values(request.features, model), model.spec.model.lookback() > 1
                key = f"{identity} {place}" if looks_back else identity
                joined.setdefault(key, []).append((place, model, values))
        except _Refused as error:
            replies[place] = Reply.refusal(str(error), error.status)
        except EngineError as error:
            replies[place] = Reply.refusal(str(error), UNFIT)
        except Exception:  # noqa: BLE001 - one request must not cost the others theirs
            replies[place] = _failure()
    for group in joined.values():
        for place, reply in _predicted(group):
            replies[place] = reply
    return [reply or _failure() for reply in replies]


def _parsed(body: bytes) -> PredictionRequest:
    try:
        request = PredictionRequest.model_validate_json(body)
    except ValidationError as error:
        raise _Refused(_sentence(error), WRONG) from None
    if (request.bars is None) == (request.features is None):
        raise _Refused("A request has either 'bars' or 'features'.", WRONG)
    return request


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"] if not str(part).startswith(("constrained", "function")))
    if first["type"] == "json_invalid":
        return f"The request is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}."
    if first["type"] == "extra_forbidden":
        return f"A request has no field '{place}'. Available: {', '.join(PredictionRequest.model_fields)}."
    if first["type"] == "missing":
        return f"The request has no field '{place}'."
    return (
        f"The field '{place}' of the request cannot be used: {first['msg'][:1].lower()}{first['msg'][1:]}."
        if place
        else (f"The request cannot be used: {first['msg'][:1].lower()}{first['msg'][1:]}.")
    )


def _model(loaded: Loaded, reference: str) -> tuple[str, ServedModel]:
    try:
        return loaded.get(reference)
    except DataError as error:
        raise _Refused(str(error), UNKNOWN) from None


def _bars(request: PredictionRequest, model: ServedModel) -> Reply:
    bars = tables.from_rows(request.bars or [], model, request.timezone)
    with blamed_on_plugins(model.spec):
        return Reply.of(plain(predict(model, bars, request.last)))


def _values(rows: Sequence[Mapping[str, float | None]], model: ServedModel) -> Floats:
    """(rows, columns) float64. Raises ``DataError`` for columns that are missing or too many."""
    wanted = set(model.columns)
    for place, row in enumerate(rows, start=1):
        if missing := [name for name in model.columns if name not in row]:
            raise DataError(
                f"Row {place} of the request has no {_listed(missing)}: each needs every feature of the model."
            )
        if len(row) > len(wanted):
            extra = sorted(set(row) - wanted)
            raise DataError(f"The model has no feature {_listed(extra)}. Available: {', '.join(model.columns)[:2000]}.")
    table = [[row[name] for name in model.columns] for row in rows]
    return np.array(table, dtype=np.float64)  # None becomes NaN


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name[:60]}'" for name in names[:_NAMED]) + more


def _predicted(group: Sequence[tuple[int, ServedModel, Floats]]) -> list[tuple[int, Reply]]:
    """The replies to requests for one model, whose rows are predicted at once."""
    model = group[0][1]
    try:
        with blamed_on_plugins(model.spec):
            found = predict_rows(model, np.concatenate([values for _, _, values in group]))
    except EngineError as error:
        return [(place, Reply.refusal(str(error), UNFIT)) for place, _, _ in group]
    except Exception:  # noqa: BLE001 - nor end the process
        return [(place, _failure()) for place, _, _ in group]
    ends = np.cumsum([len(values) for _, _, values in group])
    parts = np.split(found, ends[:-1])
    about = _about(model.spec.target)
    return [
        (place, Reply.of({**about, "predictions": [{"prediction": value} for value in numbers(part)]}))
        for (place, _, _), part in zip(group, parts, strict=True)
    ]


def plain(found: Forecast) -> dict[str, Any]:
    """A forecast as JSON: of each bar a number, or one for each class, null where there is none."""
    rows = [
        {"symbol": found.symbols[symbol], "time": moment(time), "prediction": value}
        for symbol, time, value in zip(found.symbol.tolist(), found.time, numbers(found.prediction), strict=True)
    ]
    return {**_about(found), "predictions": rows, "notes": list(found.notes)}


def moment(time: np.datetime64) -> str:
    """The date, or the moment in UTC of an intraday bar."""
    text = str(time)[:19]
    return text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else f"{text}Z"


def numbers(prediction: Floats) -> list[Any]:
    """``prediction`` as JSON has it, None for NaN."""
    if np.isfinite(prediction).all():
        found: list[Any] = prediction.tolist()
        return found
    return [numbers(item) if np.ndim(item) else (float(item) if np.isfinite(item) else None) for item in prediction]


def _about(of: Any) -> dict[str, Any]:
    return {"task": of.task, "classes": list(of.classes), "unit": of.unit}


def _failure() -> Reply:
    _log.exception("A prediction failed.")
    return Reply.refusal("The prediction failed: the log of the server says why.", FAILED)

"""Requests to look at the values in an uploaded file, and to store them."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from engine.core.spec import Action, Estimate, Spec, parameter
from engine.market.external.known import Known, Moment
from engine.market.external.request import Request
from engine.market.external.stored import table_name
from engine.market.external.table import Kind
from engine.market.importers import uploads
from engine.market.importers.choices import AUTOMATIC, checked_timezone
from engine.market.intervals import INTERVALS
from engine.market.symbols import symbol


class ValuesRequest(Spec):
    """An uploaded file of signals, weights or predictions, and the name for its values."""

    uploads: tuple[str, ...] = parameter(title="File", help="Id of the uploaded file.")
    name: str = parameter(title="Name", help="What strategies and features call the values.")
    values: Kind = parameter(
        "predictions",
        title="Values are",
        help="Signals are 1, -1 and 0; weights are shares of the equity; predictions are scores or probabilities.",
        choices={"signals": "Signals", "weights": "Weights", "predictions": "Predictions"},
    )
    known: Moment = parameter(
        title="Known",
        help="At the end of the bar whose time each value has, or at that time itself. No backtest can find this out.",
        choices={"bar_end": "At the bar's end", "stamp": "At the time"},
    )
    later: int = parameter(0, title="And later by", help="How much later each value was known.", ge=0, le=1000)
    unit: Literal["bars", "hours"] = parameter(
        "bars", title="Counted in", help="What the delay is counted in.", choices={"bars": "Bars", "hours": "Hours"}
    )
    interval: str = parameter(AUTOMATIC, title="Interval", help="Of the bars that the values were computed from.")
    timezone: str = parameter(
        AUTOMATIC, title="Time zone", help="By whose clock times of day are; automatic for dates at the exchange."
    )
    symbol: str | None = parameter(None, title="Symbol", help="Of a file of one symbol that does not name it.")
    date_order: Literal["automatic", "day first", "month first"] = parameter(
        AUTOMATIC,
        title="Date order",
        help="What 01/02/2020 means, where the file leaves it open.",
        choices={"automatic": "Automatic", "day first": "Day first", "month first": "Month first"},
    )

    @field_validator("uploads")
    @classmethod
    def _is_upload(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        if len(ids) != 1 or not uploads.is_id(ids[0]):
            raise ValueError("Choose one file: its values get one name.")
        return ids

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        return table_name(name)

    @field_validator("interval")
    @classmethod
    def _is_interval(cls, name: str) -> str:
        if name != AUTOMATIC and name not in INTERVALS:
            raise ValueError(f"'{name[:20]}' is not an interval of bars. Available: {', '.join(INTERVALS)}.")
        return name

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        return checked_timezone(name)

    @field_validator("symbol")
    @classmethod
    def _is_symbol(cls, text: str | None) -> str | None:
        return symbol(text) if text and text.strip() else None

    def request(self) -> Request:
        """What was chosen, as the reader takes it. Raises ``DataError`` for an impossible delay."""
        later = {self.unit: self.later}
        return Request(
            self.name,
            self.values,
            Known(self.known, **later),
            "" if self.interval == AUTOMATIC else self.interval,
            "" if self.timezone == AUTOMATIC else self.timezone,
            self.symbol or "",
            "" if self.date_order == "automatic" else self.date_order,
        )

    def megabytes(self) -> float:
        """Size of the file; 0 where it is not there."""
        try:
            return uploads.find(self.uploads[0]).size / 2**20
        except uploads.UploadError:
            return 0.0

    def estimate(self) -> Estimate:
        size = self.megabytes()
        return Estimate(seconds=0.1 + size / 20, megabytes=60 + 12 * size)


class StoreValues(ValuesRequest, Action):
    """A file whose values are to be stored."""

    kind: Literal["store_values"] = "store_values"

    def label(self) -> str:
        return f"Values '{self.name}'"


class PreviewValues(ValuesRequest, Action):
    """A file to read without storing anything."""

    kind: Literal["values_preview"] = "values_preview"

    def shown_with(self) -> StoreValues:
        return StoreValues.parse(self.model_dump(mode="json", exclude={"kind"}))

    def label(self) -> str:
        return f"Preview of values '{self.name}'"

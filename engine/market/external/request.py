"""The request to store external values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.core.errors import DataError
from engine.market.external.known import Known
from engine.market.external.stored import table_name
from engine.market.external.table import KINDS, Kind
from engine.market.importers.times import Order


@dataclass(frozen=True)
class Request:
    """What a table is: its ``name``, its ``kind``, and when its values were ``known``. What the cells may not tell is
    empty for what they do: the ``interval`` of the bars that values were computed from, the ``timezone`` of dates and
    times of day (of dates, that of the exchange where empty), the ``symbol`` of a table of one, and the
    order of day and month in dates such as 02/01/2020.
    """

    name: str
    kind: Kind
    known: Known
    interval: str = ""
    timezone: str = ""
    symbol: str = ""
    date_order: Order = ""

    def checked(self) -> Request:
        """This request. Raises ``DataError`` for a name or a kind that cannot be."""
        try:
            name = table_name(self.name)
        except ValueError as error:
            raise DataError(str(error)) from None
        if self.kind not in KINDS:
            raise DataError(f"'{self.kind[:20]}' is not a kind of values. Available: {', '.join(KINDS)}.")
        return replace(self, name=name)

"""Choices that a user makes where a file does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args
from zoneinfo import available_timezones

from engine.market.importers.times import Order

AUTOMATIC = "automatic"
"""In a request, what leaves the choice to the file."""

Adjusted = Literal["", "raw", "splits", "total return"]
Encoding = Literal["", "utf-8", "cp1252", "utf-16", "cp1251", "shift_jis", "gb18030"]


@dataclass(frozen=True)
class Choices:
    """What a file may not tell: its ``format`` (a name), the ``timezone`` of times of the day, the ``symbol`` of its
    only series, the currency, which adjustment its prices have, the order of its dates and the encoding of its text;
    empty for what the file, its name or the configuration says.
    """

    format: str = ""
    timezone: str = ""
    symbol: str = ""
    currency: str = ""
    adjustment: Adjusted = ""
    date_order: Order = ""
    encoding: Encoding = ""

    def or_else(self, about: Mapping[str, str]) -> Choices:
        """With the time zone, symbol, currency and adjustment that a file states ``about`` itself where none is chosen;
        what is no such thing is passed over.
        """
        zone, currency, adjustment = (about.get(name, "") for name in ("timezone", "currency", "adjustment"))
        return replace(
            self,
            timezone=self.timezone or (zone if zone in available_timezones() else ""),
            symbol=self.symbol or about.get("symbol", ""),
            currency=self.currency or (currency if is_currency(currency) else ""),
            adjustment=self.adjustment or (cast(Adjusted, adjustment) if adjustment in get_args(Adjusted) else ""),
        )


def checked_timezone(name: str) -> str:
    """``name``, if it is ``AUTOMATIC`` or that of a time zone. Raises ``ValueError``."""
    if name != AUTOMATIC and name not in available_timezones():
        raise ValueError(f"'{name[:40]}' is not a time zone: choose one such as America/New_York.")
    return name


def is_currency(name: str) -> bool:
    """Whether ``name`` can be that of a currency."""
    return 1 <= len(name) <= 8 and name.isalnum()

"""Helpers for tests of the versions of a series."""

from __future__ import annotations

from datetime import datetime

from engine.market.bars import Bars


def same(one: Bars, other: Bars) -> bool:
    """Whether both have the same times and values, bit for bit."""
    names = ("time", "open", "high", "low", "close", "volume", "adj_close", "splits", "dividend_per_share")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    return all((a is None and b is None) or a.tobytes() == b.tobytes() for a, b in pairs)


class Clock:
    """``datetime`` that says one moment."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self, _: object) -> datetime:
        return self._moment

    def fromtimestamp(self, *given: object) -> datetime:
        return datetime.fromtimestamp(*given)  # type: ignore[arg-type]  # noqa: DTZ006 - as it is asked

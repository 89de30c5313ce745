"""The one place that knows pandas-datareader: observations of FRED, and what their dates mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from engine.market.days import Days
from engine.market.intervals import Interval
from engine.market.web import TIMEOUT, refuse_pages

FAILURES = (ValueError, KeyError, IndexError, TypeError, AttributeError)
"""Exceptions that the reader lets through on a response that is no table."""
_FIRST = date(1700, 1, 1)
"""Before any observation: the reader begins five years ago unless told otherwise."""
_STEPS = ((4, "daily"), (20, "weekly"), (45, "monthly"), (120, "quarterly"), (250, "half-yearly"))
"""Frequencies by the longest usual step between two dates, in days; a longer one is yearly."""
_MONTHS = {"quarterly": 3, "half-yearly": 6, "yearly": 12}


@dataclass(frozen=True, eq=False)
class Observations:
    """Values of a series by ascending date, as FRED dates them, without those that it does not have, of which there
    are ``missing``.
    """

    days: Days
    values: NDArray[np.float64]
    missing: int

    @property
    def frequency(self) -> str:
        """``daily``, ``weekly``, ``monthly``, ``quarterly``, ``half-yearly`` or ``yearly``, by the usual step."""
        if len(self.days) < 2:
            return "daily"
        step = float(np.median(np.diff(self.days).astype(np.int64)))
        return next((name for longest, name in _STEPS if step <= longest), "yearly")

    @property
    def interval(self) -> Interval:
        """That of its bars: what is rarer than monthly has a bar in the last month of each period."""
        found: dict[str, Interval] = {"daily": "1d", "weekly": "1w"}
        return found.get(self.frequency, "1mo")

    def stamps(self) -> Days:
        """The date of each bar. FRED dates the value of a quarter by its first day, on which nobody knew it: that of
        a bar lies in the last month of the period.
        """
        months = self.days.astype("datetime64[M]")
        first = self.days == months
        return np.where(first, (months + (_MONTHS.get(self.frequency, 1) - 1)).astype("datetime64[D]"), self.days)


def is_installed() -> bool:
    """Whether the package is there, without importing it."""
    return find_spec("pandas_datareader") is not None


def observations(name: str) -> Observations:
    """All values of a series up to today. Raises ``web.Answered``, ``web.Unreachable``, and ``FAILURES`` for a response
    that is no table.
    """
    import requests
    from pandas_datareader.fred import FredReader

    session = requests.Session()
    refuse_pages(session, only_pages=False)
    # It writes the name into an address as it is; several tries are ours to make.
    table: Any = FredReader(quote(name, safe=""), _FIRST, retry_count=0, timeout=TIMEOUT, session=session).read()
    if table.index.dtype.kind != "M":
        raise ValueError("its first column has no dates")
    days = table.index.to_numpy().astype("datetime64[D]")
    values = np.array(table.iloc[:, 0], dtype=np.float64)
    order = np.argsort(days, kind="stable")
    days, values = days[order], values[order]
    known = np.isfinite(values) & np.append(days[1:] != days[:-1], True)[: len(days)]
    return Observations(days[known], values[known], int(len(days) - known.sum()))

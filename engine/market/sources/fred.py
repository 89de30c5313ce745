"""Economic series of FRED through pandas-datareader: closes alone, of which nobody can say when they were known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

from engine.core.progress import Progress
from engine.core.registry import plugin
from engine.market import fred_adapter
from engine.market.bars import Bars, Series
from engine.market.fetching import Capabilities, Fetched, FetchedBars, FetchRequest
from engine.market.fred_adapter import Observations
from engine.market.intervals import Interval, bar_interval
from engine.market.provider_requests import Notify, fetch_all
from engine.market.sources import Source
from engine.market.web import Answered, Unreachable, refusal

_ZONE = "America/New_York"  # that of most releases
_SITE = "fred.stlouisfed.org"


@plugin("fred", title="FRED")
class Fred(Source):
    """Economic series of the Federal Reserve Bank of St. Louis: rates, prices, employment, output. A value is a close
    without volume and cannot be traded.

    FRED dates a value by the period that it describes, and sends it as it was revised since. When it was published, and
    what it was then, is not in the data: every result computed from such a series says so.
    """

    capabilities = Capabilities(
        intervals=("1d", "1w", "1mo"),
        fields=frozenset({"close"}),
        can_search=False,
        example="DGS10, UNRATE",
        capitals=True,
        note="Ids as on fred.stlouisfed.org. Values are revised, and dated by their period and not by their release.",
        updates="whole",
    )
    kind: Literal["fred"] = "fred"

    def missing(self) -> str:
        if fred_adapter.is_installed():
            return ""
        return "FRED needs pandas-datareader: pip install 'stratoscope[fred]', or pip install pandas-datareader."

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        def ask(name: str, _: Notify) -> Fetched:
            return _answer(name, request.interval)

        return fetch_all(request.symbols, ask, progress, threads=1, provider=lambda _: "FRED")


def _answer(name: str, interval: Interval) -> Fetched:
    try:
        found = fred_adapter.observations(name)
    except Answered as error:
        if error.status in (400, 404):
            message = f"FRED does not know {name}: look its id up on {_SITE}, such as UNRATE or DGS10."
            return Fetched(name, status="unknown symbol", sentence=message)
        status, message = refusal("FRED", _SITE, error)
        return Fetched(name, status=status, sentence=message)
    except Unreachable as error:
        status, message = refusal("FRED", _SITE, error)
        return Fetched(name, status=status, sentence=message)
    except fred_adapter.FAILURES as error:
        message = f"FRED's response for {name} cannot be read ({type(error).__name__}: {str(error)[:200]})."
        return Fetched(name, status="invalid", sentence=message)
    if not len(found.values):
        return Fetched(name, status="no data in range", sentence=f"FRED has no values of {name}.")
    if found.interval != interval:
        message = f"{name} is {found.frequency}: choose the interval {found.interval}."
        return Fetched(name, status="no data in range", sentence=message)
    return _fetched(name, found)


def _fetched(name: str, found: Observations) -> Fetched:
    time = found.stamps().astype("datetime64[ms]")
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "ms")
    ended = bar_interval(found.interval).ends(time, _ZONE) <= now
    time, close = time[ended], found.values[ended]
    if not len(time):
        message = f"The first period of {name} has not ended yet."
        return Fetched(name, status="no data in range", sentence=message)
    unknown = np.full(len(time), np.nan)
    columns: dict[str, Any] = dict.fromkeys(("open", "high", "low", "volume"), unknown)
    columns |= {"close": close, "adj_close": close}
    for values in (time, unknown, close):
        values.setflags(write=False)
    sentence = ""
    if found.frequency not in ("daily", "weekly", "monthly"):
        sentence = f"{name} is {found.frequency}: each value is dated by the last month of its period."
    dropped = found.missing + int(len(ended) - ended.sum())
    return Fetched(name, Bars(_series(name, found.interval, time), time, **columns), "stored", sentence, dropped)


def _series(name: str, interval: Interval, time: Any) -> Series:
    return Series(
        source="fred",
        collection="fred",
        symbol=name,
        interval=interval,
        kind="economic",
        currency="",
        timezone=_ZONE,
        tradeable=False,
        has_ohlc=False,
        has_volume=False,
        adjustment="none",
        rows=len(time),
        start=str(time[0]),
        end=str(time[-1]),
        origin="FRED, Federal Reserve Bank of St. Louis",
        licence="terms of use of FRED",
    )

"""Sources of market data: one file each, found by discovery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.core.registry import Registry
from engine.core.spec import Spec
from engine.market.bars import Bars, Series
from engine.market.fetching import Capabilities, FetchedBars, FetchRequest, Listing
from engine.market.versions.history import Version


class Source(Spec):
    """Where bars come from: a source is read, or is fetched from into the store, or both.

    **Reading.** ``series()`` lists what can be read now, quickly. ``read(series)`` returns all its bars: ascending
    unique times, raw prices, finite closes, ``low <= open, close <= high`` not guaranteed (``quality.check`` reports
    it), arrays not writeable, a day's time its date at the exchange, that of an intraday bar in UTC. ``catalog.read``
    refuses what is not so. It opens only files that it finds by itself: a symbol is looked up in the list, or becomes
    a file name by ``symbols.file_name`` alone. Raises ``DataError`` for a series that it does not list. Of several
    sources with one series that of the highest ``priority`` is used, unless config.yaml says otherwise.

    **Fetching.** A source with ``capabilities`` has ``fetch(request, progress)``, which yields an answer for each
    symbol of the request as soon as it is there, in their order and in bounded memory: bars of ``request.interval`` in
    the range as ``read`` would return them, or the status that says why there are none. What goes wrong with one symbol
    is its answer and no exception; what raises ends the fetch and costs no bars that came before. ``progress`` is told
    what is being waited for, and may raise ``Cancelled``. ``search(text)`` lists what could be fetched, the best match
    first.

    ``missing()`` says how to install what it needs beside the engine, "" where nothing is missing. Such a source is
    listed, and nothing is fetched from it. Series of a source that ``is_store`` are files of this machine, which can be
    renamed, deleted and updated; those of one that ``is_in_memory`` cost nothing to read.
    """

    priority: ClassVar[int] = 50
    capabilities: ClassVar[Capabilities | None] = None
    is_store: ClassVar[bool] = False
    is_in_memory: ClassVar[bool] = False
    kind: str = ""

    @classmethod
    def contract_problem(cls) -> str:
        able = cls.capabilities
        needed = ("series", "read") if able is None else ("fetch", "search") if able.can_search else ("fetch",)
        lacks = [name for name in needed if getattr(cls, name) is getattr(Source, name)]
        told = "without capabilities" if able is None else "with such capabilities"
        return f"has no method {lacks[0]}, which a source {told} needs" if lacks else ""

    def series(self) -> tuple[Series, ...]:
        """What can be read; nothing of a source that is only fetched from."""
        return ()

    def read(self, series: Series) -> Bars:
        raise DataError(f"{series.symbol} of '{self.kind}' has to be fetched before it is read.")

    def find(self, collection: str, symbol: str, interval: str) -> Series | None:
        """The series of that name, None if there is none; a source with many answers without listing them."""
        wanted = (collection, symbol, interval)
        return next((item for item in self.series() if (item.collection, item.symbol, item.interval) == wanted), None)

    def find_many(self, collection: str, symbols: Iterable[str], interval: str) -> Mapping[str, Series]:
        """``find`` for several symbols: those that there are. A source of thousands looks them up at once."""
        found = ((symbol, self.find(collection, symbol, interval)) for symbol in symbols)
        return {symbol: series for symbol, series in found if series is not None}

    def fingerprint(self, series: Series) -> str:
        """The digest of all bars of ``series``; a source that keeps it with them answers without reading any."""
        return self.read(series).digest()

    def fingerprints(self, series: Sequence[Series]) -> tuple[str, ...]:
        """``fingerprint`` of each."""
        return tuple(self.fingerprint(item) for item in series)

    def versions(self, series: Series) -> tuple[Version, ...]:
        """The versions of ``series``, the current one first; none of a source that keeps no earlier ones."""
        return ()

    def closes(self, series: Series) -> Bars | None:
        """The times and adjusted closes of ``read``, all else NaN, of bars that are known to be those of their
        fingerprint and sound; None where there is no quicker way to them.
        """
        return None

    def as_known(self, series: Series, moment: str) -> Series:
        """The metadata of ``series`` as it was known at ``moment``, an ISO time in UTC that they name as ``known``:
        ``read`` and ``fingerprint`` of them are those of that version. Raises ``DataError`` where there is none.
        """
        raise DataError(
            f"{series.symbol} in {series.collection} is from the source '{self.kind}', which keeps no earlier versions "
            "of its bars: leave 'As known on' empty."
        )

    def problems(self) -> tuple[str, ...]:
        """A sentence for each file that cannot be read: what is in it is not listed, all else is."""
        return ()

    def problem(self, collection: str, symbol: str, interval: str) -> str:
        """What keeps that very series from being read; nothing for others, listed or not."""
        return ""

    def missing(self) -> str:
        return ""

    def search(self, text: str) -> tuple[Listing, ...]:
        raise DataError(f"The source '{self.kind}' cannot be searched.")

    def fetch(self, request: FetchRequest, progress: Progress) -> FetchedBars:
        raise DataError(f"Nothing can be fetched from '{self.kind}'.")


SOURCES = Registry("sources", Source, "engine.market.sources")


def is_stored(series: Series) -> bool:
    """Whether ``series`` is of a source that ``is_store``."""
    return SOURCES.get(series.source).is_store

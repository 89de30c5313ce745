"""Indicators: one library for features, rules, strategies and charts, one file a family."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from engine.core.errors import DataError
from engine.core.registry import PluginInfo, Registry
from engine.core.spec import Count, Spec
from engine.market.bars import Bars, Floats
from engine.market.panel import Panel

Column = Literal["open", "high", "low", "close", "volume"]
Style = Literal["line", "histogram", "marker", "band"]
Family = Literal["finite", "recursive", "cumulative", "event"]
Pane = Literal["price", "own"]
Writer = Callable[[Bars, Floats, MutableMapping[str, Any]], bool]
"""Writes what an indicator has for some bars to float64 (outputs, bars), or answers that it cannot and wrote nothing.
Writers of the same bars leave for one another what they have in common.
"""


@dataclass(frozen=True)
class Output:
    """One line of an indicator.

    ``style`` says how a chart draws it: a "line"; a "histogram" of bars from zero; a "marker" where it is not zero,
    above the bar if negative and below it if positive; two "band" outputs are the edges of a filled one.
    ``unit`` is "price" or "volume" for units of that column, "%" for percent, "bars" for a number of bars, "°" for an
    angle, and empty for a plain number.
    """

    name: str
    style: Style = "line"
    unit: str = ""


@dataclass(frozen=True)
class Context:
    """A further series that an indicator needs: ``symbol`` of ``collection`` at ``interval``, each of which is that of
    the indicator's own bars where it is empty.
    """

    symbol: str = ""
    collection: str = ""
    interval: str = ""


class Indicator(Spec):
    """Contract of an indicator: a function of the bars so far.

    ``compute(bars)`` gives for each of ``outputs`` one float64 array as long as ``bars``. The value at bar t follows
    from bars 0..t alone, and the result is the same bit for bit each time. Each output is NaN for as many bars as
    ``warm_ups()`` says, and again after a gap in its input (``gaps.apply_to_contiguous_runs``). Prices are those of the
    ``MarketSpec``: adjusted unless it says otherwise. ``inputs()`` are the columns that it reads; bars without them are
    refused before ``compute`` is asked.

    ``family`` is what it promises about the bar at which its input begins, and what the conformance tests ask of it:

    - "finite": a value follows from the last ``warm_up() + 1`` bars, but for rounding.
    - "recursive": what came before fades; after the warm-up it is below 0.01% of the output's range in the median.
    - "cumulative": it never fades, but only differences or relative changes of the output mean anything.
    - "event": values from a few whole numbers, zero on most bars, that follow from the last ``warm_up() + 1`` bars.

    A chart draws the outputs over the price or, with ``pane`` "own", on an axis of their own with lines at ``levels``.
    ``nanoseconds`` is a hint of the cost per bar.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "inputs", "warm_up", "warm_ups", "columns")

    kind: str
    outputs: ClassVar[tuple[Output, ...]]
    family: ClassVar[Family] = "finite"
    pane: ClassVar[Pane] = "own"
    levels: ClassVar[tuple[float, ...]] = ()
    nanoseconds: ClassVar[float] = 50.0

    @classmethod
    def contract_problem(cls) -> str:
        names = [output.name for output in cls.outputs]
        if not names or len(set(names)) < len(names):
            return f"has the outputs {names}: it needs one or more, each with a name of its own"
        return ""

    def inputs(self) -> tuple[Column, ...]:
        return ("close",)

    @abstractmethod
    def warm_up(self) -> Count:
        """Bars at the start without a value of every output."""

    def warm_ups(self) -> tuple[Count, ...]:
        """Bars at the start without a value, of each output."""
        return (self.warm_up(),) * len(self.outputs)

    @abstractmethod
    def compute(self, bars: Bars) -> dict[str, Floats]: ...

    def line(self, bars: Bars, output: str) -> Floats:
        """One output alone, where no other is needed."""
        return self.compute(bars)[output]

    def writer(self) -> Writer | None:
        """A shorter way to the values of ``compute``, for many series one after the other; None where there is none."""
        return None

    def needs_other_series(self) -> bool:
        """Whether the bars of one symbol are not enough."""
        return False

    def formulas(self) -> tuple[str, ...]:
        """Expressions that have the values of the outputs, but for rounding: by them another device than the CPU
        computes it. Empty where there are none.
        """
        return ()

    def simplest(self) -> Indicator:
        """The indicator of the library that has the same values, where this is but another way to ask for it."""
        return self

    def columns(self) -> tuple[str, ...]:
        """Names of the outputs among those of others: the label, and the output where there are several."""
        if len(self.outputs) == 1:
            return (self.label(),)
        return tuple(f"{self.label()} {output.name}" for output in self.outputs)


class ContextIndicator(Indicator):
    """Contract of an indicator that needs further series: ``context()`` names them, by a name of its own.

    Their bars, with all past that there is, arrive under the same names. They have calendars of their own: a value of
    theirs counts from the moment at which its bar had ended (``engine.market.availability``).
    """

    descriptions: ClassVar[tuple[str, ...]] = (*Indicator.descriptions, "context")

    @abstractmethod
    def context(self) -> Mapping[str, Context]: ...

    def require_interval(self, interval: str) -> None:
        """Raise ``DataError`` where it has no meaning on bars of that ``interval``, whatever series there are."""

    def needs_other_series(self) -> bool:
        return True

    @abstractmethod
    def compute_with(self, bars: Bars, context: Mapping[str, Bars]) -> dict[str, Floats]: ...

    def compute(self, bars: Bars) -> dict[str, Floats]:
        raise DataError(f"{self.label()} needs bars of another series: use it as a feature instead.")


class PanelIndicator(Indicator):
    """Contract of an indicator of several symbols at once, such as a rank among them.

    ``compute_panel(panel)`` gives for each of ``outputs`` a float64 array (bars, symbols); its row t follows from rows
    0..t alone.
    """

    def needs_other_series(self) -> bool:
        return True

    @abstractmethod
    def compute_panel(self, panel: Panel) -> dict[str, Floats]: ...

    def compute(self, bars: Bars) -> dict[str, Floats]:
        raise DataError(f"{self.label()} compares several symbols: use it as a feature instead.")


class MarketIndicator(Indicator):
    """Contract of an indicator that may need the other symbols of a market, each on its own bars, and further series.

    ``context()`` names the further series, as ``ContextIndicator``'s does; the bars of all of them arrive with those of
    the market. ``compute_market`` gives, for each output, an array for each of the ``market``'s symbols. ``shared`` is
    what the indicators of one request leave for one another, by keys of their own.
    """

    descriptions: ClassVar[tuple[str, ...]] = (*Indicator.descriptions, "context")

    @abstractmethod
    def context(self) -> Mapping[str, Context]: ...

    @abstractmethod
    def compares_symbols(self) -> bool:
        """Whether a symbol's values follow from the other symbols of the market as well."""

    def needs_other_series(self) -> bool:
        return bool(self.context()) or self.compares_symbols()

    @abstractmethod
    def compute_market(
        self, market: Sequence[Bars], context: Mapping[str, Bars], shared: MutableMapping[str, Any]
    ) -> dict[str, tuple[Floats, ...]]: ...


GROUPS = (
    "Expressions",
    "Averages and bands",
    "Momentum",
    "Volatility",
    "Volume",
    "Cross-asset",
    "Cross-section",
    "Statistics",
    "Calendar",
    "Cycle",
    "Price",
    "Mathematics",
    "Candle patterns",
    "External values",
)
"""The groups of the library, in the order of a list."""

INDICATORS = Registry("indicators", Indicator, "engine.indicators", GROUPS)
"""The indicators that come with the engine, and those of the user."""


def search(text: str, group: str | None = None) -> tuple[PluginInfo, ...]:
    """The indicators whose name, title, group, synonyms or summary have every word of ``text``, best match first;
    those of ``group`` alone if it is given. Without text all of them, in alphabetical order of their titles.
    """
    return INDICATORS.search(text, group)


def require_inputs(indicator: Indicator, bars: Bars) -> None:
    """Raise ``DataError`` where ``bars`` lack a column that ``indicator`` reads."""
    if not (bars.series.has_ohlc and bars.series.has_volume):
        require_columns(bars, indicator.inputs(), indicator.label())


def require_columns(bars: Bars, columns: tuple[Column, ...], user: str) -> None:
    """Raise ``DataError`` where ``bars`` lack one of ``columns``, which ``user`` needs."""
    series = bars.series
    if not series.has_ohlc and any(column in ("open", "high", "low") for column in columns):
        raise DataError(
            f"{series.symbol} has closing prices only, and {user} needs highs and lows: "
            "choose one that compares closes, or another symbol."
        )
    if not series.has_volume and "volume" in columns:
        raise DataError(
            f"{series.symbol} has no volume, and {user} needs it: choose one without it, or another symbol."
        )

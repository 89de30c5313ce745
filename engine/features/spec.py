"""The request for features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.core.errors import EngineError
from engine.core.spec import Estimate, Resources, RunSpec, parameter
from engine.features import Features
from engine.features.context import context_requests
from engine.features.device import CPU, DEVICES, Choice, Wanted, accelerated, choice_of
from engine.features.room import require_room
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.market import catalog
from engine.market.spec import MarketSpec

_NAMED = 12  # features that a label names
_LIBRARY = 2.0  # seconds until a device's library is loaded
_CALL, _VALUE = 3e-4, 2e-8  # seconds of an indicator of one series, and of the place of each of its values


class FeatureSpec(RunSpec):
    """Features of the symbols of a market."""

    kind: Literal["features"] = "features"
    market: MarketSpec = parameter(MarketSpec(), title="Market")
    features: Features = parameter((Sma(), Rsi()), title="Features", section="Features")

    device: Wanted = parameter(
        "cpu",
        title="Device",
        choices=DEVICES,
        help="What computes averages, extremes and other windows. The CPU does in float64, others in float32.",
        section="Features",
    )

    def choice(self) -> Choice:
        """The device that computes it on this machine, and why."""
        return choice_of(self.device, len(self.market.symbols))

    def ignored(self) -> tuple[str, ...]:
        return ("device",)  # what comes of it counts: the device itself, in the fingerprint

    def fingerprint(self) -> str:
        return self.choice().device

    def uses(self) -> tuple[type, ...]:
        """The kernels of another device than the CPU, and what calls them."""
        name = self.choice().device
        return tuple(accelerated().code(name)) if name else ()

    def resources(self) -> Resources:
        name = self.choice().device
        return Resources(gpus=int(name != CPU and not name.endswith(":cpu")))

    def label(self) -> str:
        return f"{self.market.label()} · {listed(self.features)}"

    def estimate(self) -> Estimate:
        rows, columns = self._size()
        calls = len(self.features) * len(self.market.symbols)
        each = _VALUE * columns + 1e-9 * sum(feature.nanoseconds for feature in self.features)
        seconds = _CALL * calls + each * rows + (_LIBRARY if self.choice().device else 0.0)
        return Estimate(seconds=seconds, megabytes=10 + rows * (columns + 3) * 8e-6)

    def require_room(self) -> None:
        """Raise ``DataError`` where this machine has no room for the matrix, as far as that shows before it is read."""
        require_room(*self._size())

    def _size(self) -> tuple[float, int]:
        """Rows and columns, no rows where the request is wrong: the run says how."""
        columns = sum(len(feature.outputs) for feature in self.features)
        try:
            return catalog.expected_rows(self.market), columns
        except EngineError:
            return 0.0, columns

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, **context_requests(self.features, self.market)}


def listed(features: Features) -> str:
    """The labels of ``features``, of very many the first."""
    more = len(features) - _NAMED
    named = ", ".join(feature.label() for feature in features[:_NAMED])
    return f"{named} and {more:,} more" if more > 0 else named

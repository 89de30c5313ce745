"""The requests about versions of registered models."""

from __future__ import annotations

from engine.backtest.costs import Costs
from engine.models.service import registered
from engine.models.service.registered import Registered
from engine.research.service.comparison.spec import Bars, ComparisonSpec
from engine.research.service.monitoring.spec import MonitorSpec


def monitor(item: Registered, costs: Costs) -> MonitorSpec:
    """The request to score a version. Raises ``DataError`` where its file cannot be read."""
    trained = registered.spec_of(item)
    return MonitorSpec(model=item.reference, digest=item.digest, trained=trained, costs=costs)


def comparison(champion: Registered, challenger: Registered, costs: Costs, bars: Bars = "all") -> ComparisonSpec:
    """The request to compare two versions. Raises ``DataError`` where the file of one cannot be read."""
    return ComparisonSpec(champion=monitor(champion, costs), challenger=monitor(challenger, costs), bars=bars)

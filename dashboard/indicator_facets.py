"""Filters of the list of indicators: by what each reads, and by what it costs."""

from __future__ import annotations

from dashboard.components.picker import Facet
from dashboard.text.format import number
from engine.core.registry import PluginInfo
from engine.indicators.traits import MEDIUM, SLOW, traits

_FROM, _TO = (f"{number(value / 1_000, 1)}" for value in (MEDIUM, SLOW))


def _cost(info: PluginInfo) -> str:
    """Microseconds a bar with one significant digit."""
    value = traits(info).nanoseconds / 1_000
    return f"{value:.1g} µs" if value < 1 else f"{value:,.0f} µs"


INDICATOR_FACETS = (
    Facet(
        "reads",
        "Input",
        (
            ("close", "Close only"),
            ("ranges", "Open, high or low"),
            ("volume", "Volume"),
            ("symbols", "Several symbols"),
            ("series", "Another series"),
            ("values", "Stored values"),
        ),
        lambda info: traits(info).reads,
    ),
    Facet(
        "cost",
        "Cost",
        (
            ("fast", f"Fast, below {_FROM} µs a bar"),
            ("medium", f"Medium, {_FROM} to {_TO} µs"),
            ("slow", f"Slow, {_TO} µs or more"),
        ),
        lambda info: (traits(info).cost,),
        _cost,
    ),
)

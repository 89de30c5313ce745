"""Options of fields that name something stored: signals, weights and predictions of one's own."""

from __future__ import annotations

from typing import Any

from dashboard.components.controls import Options
from dashboard.components.fields import Field
from engine.market.external import stored
from engine.market.external.table import About


def offered(field: Field, value: Any) -> tuple[Options, Any]:
    """Options of ``field``, whose ``stored`` lists the kinds of values that it takes, and the value to show: ``value``
    or, where that is the default and not stored, the first that is.
    """
    kinds = [kind.strip() for kind in field.stored.split(",")]
    found = [(item.name, _label(item)) for item in stored.listed() if item.kind in kinds]
    names = [name for name, _ in found]
    if value in names:
        return found, value
    if names and value in (field.default, None, ""):
        return found, names[0]
    return [*found, (value, f"{value} (not stored)")], value


def _label(item: About) -> str:
    symbols = "1 symbol" if len(item.symbols) == 1 else f"{len(item.symbols):,} symbols"
    return f"{item.name} ({item.kind}, {symbols})"

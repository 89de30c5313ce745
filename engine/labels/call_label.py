"""Calls into labels: whatever a plug-in raises or returns by mistake becomes a readable error."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.errors import PluginError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.labels import Label, Labels
from engine.market.bars import Bars

NOUN = "label"


def labels(label: Label, bars: Bars) -> Labels:
    """``label.compute``. Raises ``PluginError`` if it fails or does not return a value and an end a bar: of classes the
    number of one, and both or neither.
    """
    with plugin_errors(label, NOUN):
        found: Any = label.compute(bars)
    if not isinstance(found, Labels):
        raise PluginError(f"{named(label, NOUN)} returned {described(found)}: compute() must return Labels.")
    for name, dtype in (("value", "float64"), ("end", "datetime64[ms]")):
        array = getattr(found, name)
        if not is_array(array, dtype, (len(bars),)):
            raise PluginError(
                f"{named(label, NOUN)} returned {described(array)} as {name} for {len(bars):,} bars: "
                f"it must be an array of {dtype}, one for each bar."
            )
    known = found.value[~np.isnan(found.value)]
    if not (np.isnan(found.value) == np.isnat(found.end)).all():
        raise PluginError(f"{named(label, NOUN)} returned values without an end, or ends without a value.")
    if label.task != "regression" and not np.isin(known, np.arange(len(label.classes))).all():
        raise PluginError(
            f"{named(label, NOUN)} returned values that are no classes: they must be 0 to {len(label.classes) - 1}, "
            "or NaN."
        )
    return found

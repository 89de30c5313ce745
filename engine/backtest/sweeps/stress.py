"""Axes over what a market or a broker charges: a stress test of a result, not a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.rows import CheckCancelled, distinct, never_cancelled
from engine.market.bars import Floats

Places = NDArray[np.int64]

_GIVEN = ("financing.cash_yield", "financing.borrow_cost", "financing.margin_rate", "financing.maintenance")


def is_stress(path: str) -> bool:
    """Whether the field at ``path`` of a backtest is a cost: who may choose it chooses nothing."""
    return path.startswith("costs.") or path in _GIVEN


def stressed(axes: Sequence[str]) -> list[int]:
    """The places of the costs among ``axes``."""
    return [axis for axis, path in enumerate(axes) if is_stress(path)]


def own_values(base: Mapping[str, Any], axes: Sequence[str]) -> Floats:
    """What the backtest of plain values ``base`` itself has on the costs among ``axes``; NaN for none."""
    found = []
    for axis in stressed(axes):
        part, _, name = axes[axis].partition(".")
        value = base[part][name]
        found.append(np.nan if value is None else float(value))
    return np.array(found)


def at_own(parameters: Floats, axes: Sequence[str], own: Floats) -> NDArray[np.bool_]:
    """Combinations at the costs ``own``, which are those that a choice is made among."""
    places = stressed(axes)
    if not places:
        return np.ones(len(parameters), dtype=bool)
    return np.asarray(np.isclose(parameters[:, places], own, rtol=1e-12, atol=1e-15).all(axis=1))


def chosen_once(parameters: Floats, axes: Sequence[str], own: Floats, look: CheckCancelled = never_cancelled) -> Places:
    """The places of one combination for each that differs in more than costs: that at the costs ``own``, or the first.

    Those are what was tried: the same backtest at other costs is no further draw to choose from.
    """
    places = stressed(axes)
    if not places:
        return np.arange(len(parameters))
    others = [axis for axis in range(len(axes)) if axis not in places]
    label = distinct(parameters[:, others], look)[1]
    order = np.argsort(~at_own(parameters, axes, own), kind="stable")
    first: Places = order[np.unique(label[order], return_index=True)[1]]
    return np.sort(first)

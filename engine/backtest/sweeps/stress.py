"""Axes over costs of the market or the broker: a stress test of a result, not a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.rows import CheckCancelled, Places, never_cancelled, unique_rows
from engine.market.bars import Floats

_FINANCING_COSTS = ("financing.cash_yield", "financing.borrow_cost", "financing.margin_rate", "financing.maintenance")


def is_stress(path: str) -> bool:
    """Whether the field at ``path`` of a backtest is a cost."""
    return path.startswith("costs.") or path in _FINANCING_COSTS


def cost_axes(axes: Sequence[str]) -> list[int]:
    """Indices of the costs among ``axes``."""
    return [axis for axis, path in enumerate(axes) if is_stress(path)]


def base_costs(base: Mapping[str, Any], axes: Sequence[str]) -> Floats:
    """The values of the backtest ``base`` (as plain values) on the costs among ``axes``; NaN for none."""
    found = []
    for axis in cost_axes(axes):
        part, _, name = axes[axis].partition(".")
        value = base[part][name]
        found.append(np.nan if value is None else float(value))
    return np.array(found)


def at_base_costs(parameters: Floats, axes: Sequence[str], base_costs: Floats) -> NDArray[np.bool_]:
    """Combinations at the costs ``base_costs``, which are those that a choice is made among."""
    places = cost_axes(axes)
    if not places:
        return np.ones(len(parameters), dtype=bool)
    return np.asarray(np.isclose(parameters[:, places], base_costs, rtol=1e-12, atol=1e-15).all(axis=1))


def one_per_choice(
    parameters: Floats, axes: Sequence[str], base_costs: Floats, check_cancelled: CheckCancelled = never_cancelled
) -> Places:
    """Indices of one combination per choice, that is for each that differs in more than costs: the one at
    ``base_costs``, or the first.

    These are the trials: the same backtest at other costs is not a further one.
    """
    places = cost_axes(axes)
    if not places:
        return np.arange(len(parameters))
    others = [axis for axis in range(len(axes)) if axis not in places]
    label = unique_rows(parameters[:, others], check_cancelled)[1]
    order = np.argsort(~at_base_costs(parameters, axes, base_costs), kind="stable")
    first: Places = order[np.unique(label[order], return_index=True)[1]]
    return np.sort(first)

"""Bars of an account of one symbol, as far as it needs them, in the memory of a device."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.backtest.kernels import kernels

LONGEST = (1 << 24) - 1
"""Bars of which a device knows the number exactly in float32, and so the highest bit of it."""

MEASURED = 20_000
"""Bars up to which the error of float32 has been measured."""


class Series(NamedTuple):
    """Columns of ``kernels.holdings`` as vectors (bars + 1) in the precision of the device, close, 1 / quote and so
    on. Tables of drawdowns are flat (levels x bars), None where they are not asked for; the prices of a bar are unknown
    after the last one.
    """

    bars: int
    close: Any
    per_quote: Any
    sums: Any
    squares: Any
    per_before: Any
    quote: Any
    sums_before: Any
    squares_before: Any
    close_over_quote: Any
    low: Any
    high: Any
    least: Any
    open_price: Any
    high_price: Any
    low_price: Any


def is_followed(account: Any, exact: bool) -> bool:
    """Whether the ``account`` (see ``kernels.orders``) can be, in float64 if ``exact``: filled at the next open, with a
    price on every bar.
    """
    lines, _, fills, prices, shift, at_open = account
    priced = np.isfinite(lines[:-1, 0]).all() and np.isfinite(prices[1:, 0]).all()
    return bool(
        at_open and shift == 1 and not len(fills) and priced and 2 < len(prices) <= (LONGEST if exact else MEASURED)
    )


def series_of(account: Any, processor: str, real: Any) -> Series:
    """``account`` on the device, numbers as ``real`` (a dtype of torch)."""
    import torch

    lines, drawdowns, _, prices, _, _ = account
    holdings = kernels().holdings

    def placed(values: NDArray[Any]) -> Any:
        return torch.tensor(np.ascontiguousarray(values), dtype=real, device=processor)

    columns = [placed(lines[:, column]) for column in range(holdings.LINE)]
    close_over_quote = placed(lines[:, holdings.CLOSE] * lines[:, holdings.PER_QUOTE])
    table = [placed(drawdowns[:, :, column].reshape(-1)) if len(drawdowns) else None for column in range(3)]
    values = [*columns, close_over_quote, *table, *(placed(np.append(column, np.nan)) for column in prices.T)]
    return Series(len(prices), *values)

"""Sizes after the trades so far, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.accounts import KELLY, keep, ohlc


def test_kelly_by_hand() -> None:
    """A win of 20% and a loss of 10%: p = 1/2, b = 2, f = 1/2 - 1/2 / 2 = 1/4; half of it is an eighth."""
    prices = [10, 10, 12, 10, 9, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxL..", sizing=KELLY)
    equity = 1000 + 100 * 0.2
    equity -= equity * 0.1 * 0.1
    np.testing.assert_allclose(account.trades.size[-1] * account.trades.entry_price[-1], equity / 8)


def test_half_kelly_stays_half_without_a_loss() -> None:
    prices = [10, 10, 12, 10, 11, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxL..", sizing=KELLY)
    assert account.trades.size[-1] * 10 == pytest.approx(account.equity[-1] / 2)


def test_kelly_without_a_win_enters_nothing() -> None:
    prices = [10, 10, 9, 10, 9, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxL..", sizing=KELLY)
    assert (len(account.trades.entry), account.rejected) == (2, 0)


def test_trade_without_profit_or_loss_counts_neither_way() -> None:
    """After a win and a tie one trade counts, so the third still has the first size of a tenth; after its loss half of
    f is an eighth, as without the tie.
    """
    prices = [10, 10, 12, 10, 10, 10, 9, 10, 10]
    account = keep(ohlc(*[(float(price),) for price in prices]), "LxLxLxL..", sizing=KELLY)
    equity = 1000 + 100 * 0.2
    np.testing.assert_allclose(account.trades.size[2] * 10, equity * 0.1)
    equity -= equity * 0.1 * 0.1
    np.testing.assert_allclose(account.trades.size[3] * 10, equity / 8)

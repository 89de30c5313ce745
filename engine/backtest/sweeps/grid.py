"""Combinations whose decisions come of parts that they share, which the kernels combine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.backtest.multi_symbol import MultiSymbol
from engine.backtest.sweeps.parallel import run_in_pieces
from engine.backtest.sweeps.rows import Places
from engine.market.bars import Floats

_SUMS = 64e6  # bytes of the equity of combinations whose symbols are followed in parts
Symbols: TypeAlias = tuple[int, int]
"""The first of some symbols, and the one after the last."""


class Grid(ABC):
    """Contract: ``prepare`` makes what a block of combinations shares, ``loops`` are the kernels over it."""

    @abstractmethod
    def loops(self) -> tuple[Any, Any]:
        """The kernels for an account of one symbol and for several: called with what ``prepare`` returns, then the
        account (and the symbols and their sums), rules, each combination's rule, the combinations and their metrics.
        """

    @abstractmethod
    def blocks(self, places: Places, most: int) -> Iterator[Places]:
        """``places`` in parts whose shared values fit into memory: those of all symbols, or those of one, for at most
        ``most`` combinations.
        """

    @abstractmethod
    def prepare(self, block: Places) -> Iterator[tuple[Symbols, tuple[Any, ...]]]:
        """Some symbols after others, and the first arguments of the kernel for ``block`` on those."""

    @abstractmethod
    def per_year(self) -> float:
        """Bars per calendar year of an account of one symbol; NaN where that is unknown."""

    def run(
        self,
        account: Any,
        rules: Floats,
        rule_of: NDArray[np.int32],
        places: Places,
        out: tuple[NDArray[Any], ...],
        step: Callable[[int], None],
    ) -> None:
        """Write the metrics of the combinations ``places`` into ``out``, ratios annualised; ``account`` is the input of
        the kernel of one symbol, or a ``MultiSymbol``.
        """
        if isinstance(account, MultiSymbol):
            for block in self.blocks(places, max(int(_SUMS / 8 / account.bars), 64)):
                self._run_symbols(account, rules, rule_of, block, out, step)
            return
        sweep, yearly = self.loops()[0], np.sqrt(self.per_year())
        for block in self.blocks(places, len(places)):
            for _, shared in self.prepare(block):

                def work(chunk: Places, shared: Any = shared) -> None:
                    sweep(*shared, account, rules, rule_of, chunk, out)
                    out[1][..., chunk] *= yearly

                run_in_pieces(work, block, step)

    def _run_symbols(
        self,
        account: MultiSymbol,
        rules: Floats,
        rule_of: NDArray[np.int32],
        block: Places,
        out: tuple[NDArray[Any], ...],
        step: Callable[[int], None],
    ) -> None:
        """``run`` of a ``block`` on several symbols: all at once, or in parts whose equity is added up."""
        sweep, count, sums = self.loops()[1], account.symbols, np.empty((0, account.bars))
        for symbols, shared in self.prepare(block):
            is_last = symbols[1] == count
            if not len(sums) and symbols != (0, count):
                sums = np.zeros((len(block), account.bars))
            rows = np.append(np.zeros(int(is_last), int), np.arange(*symbols) + 1)

            def work(part: Places, given: Any = (shared, symbols, rows, sums)) -> None:
                shared, symbols, rows, sums = given
                chunk = block[part]
                sweep(*shared, account.market, symbols, sums[part[0] : part[-1] + 1], rules, rule_of, chunk, out)
                out[1][np.ix_(rows, chunk)] *= account.yearly[rows, None]

            heard = step if is_last else _heard_only(step)
            run_in_pieces(work, np.arange(len(block)), heard, symbols[1] - symbols[0])


def _heard_only(step: Callable[[int], None]) -> Callable[[int], None]:
    """``step`` that counts nothing, but may still raise."""
    return lambda count: step(0)

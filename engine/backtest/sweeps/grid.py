"""Combinations whose decisions come of parts that they share, which the kernels combine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.multi_symbol import MultiSymbol
from engine.backtest.sweeps.parallel import run_in_pieces
from engine.backtest.sweeps.rows import Places
from engine.market.bars import Floats


class Grid(ABC):
    """Contract: ``prepare`` makes what a block of combinations shares, ``loops`` are the kernels over it."""

    @abstractmethod
    def loops(self) -> tuple[Any, Any]:
        """The kernels for an account of one symbol and for several: called with what ``prepare`` returns, then the
        account, rules, each combination's rule, the combinations and their metrics.
        """

    @abstractmethod
    def blocks(self, places: Places) -> Iterator[Places]:
        """``places`` in parts whose shared values fit into memory."""

    @abstractmethod
    def prepare(self, block: Places, several: bool) -> tuple[Any, ...]:
        """The first arguments of the kernel for ``block``."""

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
        several = isinstance(account, MultiSymbol)
        sweep, given = (self.loops()[1], account.market) if several else (self.loops()[0], account)
        yearly = account.yearly[:, None] if several else np.sqrt(self.per_year())
        for block in self.blocks(places):
            shared = self.prepare(block, several)

            def work(chunk: Places, shared: Any = shared) -> None:
                sweep(*shared, given, rules, rule_of, chunk, out)
                out[1][..., chunk] *= yearly

            run_in_pieces(work, block, step)

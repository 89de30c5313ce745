"""Decisions of combinations, from the rows that they share: conditions, or lines that cross."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.accelerator.words import packed
from engine.backtest.sweeps.rows import Places
from engine.strategies.crossing import levels

_COMPARED = {"cpu": 1 << 20, "cuda": 1 << 26}  # bars of pairs of lines compared at a time
_OTHER = 1 << 24


class Signals(ABC):
    """Contract: combinations with equal ``keys`` decide alike."""

    bars: int

    @abstractmethod
    def keys(self, places: Places) -> Places:
        """(places, columns)."""

    @abstractmethod
    def sides(self, keys: Places) -> tuple[Any, Any]:
        """The bars of decisions to enter, none where both sides decide, and to leave, as int32 words (keys, words)."""


class ConditionSignals(Signals):
    """The ``rows`` of ``kernels.conditions``, on the device ``processor``."""

    def __init__(self, rows: tuple[Any, ...], bars: int, processor: str) -> None:
        import torch

        bits, self._entries, self._exits, self._all_enter, self._all_exit, begin = rows
        halves = np.ascontiguousarray(bits[:, : begin[1]]).view(np.int32)
        self._bits, self.bars = torch.tensor(halves, device=processor), bars

    def keys(self, places: Places) -> Places:
        return np.hstack([self._entries[places], self._exits[places]]).astype(np.int64)

    def sides(self, keys: Places) -> tuple[Any, Any]:
        import torch

        rows = torch.tensor(keys, device=self._bits.device)
        split = self._entries.shape[1]
        entries = self._combined(rows[:, :split], self._all_enter)
        exits = self._combined(rows[:, split:], self._all_exit)
        return entries & ~exits, exits

    def _combined(self, rows: Any, all_hold: bool) -> Any:
        found = self._bits[rows[:, 0]]
        for column in range(1, rows.shape[1]):
            other = self._bits[rows[:, column]]
            found = found & other if all_hold else found | other
        return found


class LineSignals(Signals):
    """The ``rows`` and ``pairs`` of ``kernels.crossing``, on the device ``processor``. Lines are compared as integers
    in their order, which every device has in full.
    """

    def __init__(self, rows: tuple[Any, ...], pairs: NDArray[np.int32], bars: int, processor: str) -> None:
        import torch

        codes, lines = rows[0], rows[1]
        width = lines.shape[1]
        order = (levels(lines.view(np.float64)) + 0.0).view(np.int64)
        self._order = torch.tensor(order ^ ((order >> 63) & np.int64(2**63 - 1)), device=processor)
        self._known = torch.tensor(codes[:, :width] != 0, device=processor)
        self._pairs, self.bars, self._lead = pairs, bars, width - bars
        self._together = max(_COMPARED.get(processor, _OTHER) // width, 1)

    def keys(self, places: Places) -> Places:
        return self._pairs[places].astype(np.int64)

    def sides(self, keys: Places) -> tuple[Any, Any]:
        import torch

        pairs = torch.tensor(keys, device=self._order.device)
        parts = [self._crossings(part[:, 0], part[:, 1]) for part in torch.split(pairs, self._together)]
        return torch.cat([rises for rises, _ in parts]), torch.cat([falls for _, falls in parts])

    def _crossings(self, fast: Any, slow: Any) -> tuple[Any, Any]:
        """As ``strategies.crossing.cross``: both lines known on a bar and on the one before."""
        import torch

        known = self._known[fast] & self._known[slow]
        one, other = self._order[fast], self._order[slow]
        above, below = one > other, one < other
        both = known[:, 1:] & known[:, :-1]
        pad = (1 - self._lead, 0)
        rises = above[:, 1:] & ~above[:, :-1] & both
        falls = below[:, 1:] & ~below[:, :-1] & both
        return packed(torch.nn.functional.pad(rises, pad)), packed(torch.nn.functional.pad(falls, pad))

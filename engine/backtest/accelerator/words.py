"""Bits of bars in words of 32, a row for each distinct decision, and the next bit that is set.

Words of 32 bits are what every device has: the place of a bit is read off the exponent of its float32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

WIDTH = 32


class Words(NamedTuple):
    """``bits`` int32 and ``following`` int64, flat (rows x ``width``): the words of each row, of which the last is
    empty, and for each the next one that is not empty. ``bars`` are counted from the first bit.
    """

    bits: Any
    following: Any
    width: int
    bars: int

    def next(self, row: Any, start: Any) -> Any:
        """The first bar from ``start`` (at most ``bars``) on whose bit is set in ``row``; ``bars`` for none."""
        import torch

        at = row * self.width + (start >> 5)
        place = (start & 31).to(torch.int32)
        word = self.bits[at] & (torch.full_like(place, -1) << place)
        at = torch.where(word == 0, self.following[at], at)
        word = torch.where(word == 0, self.bits[at], word)
        found = ((at - row * self.width) << 5) + place_of_lowest(word)
        return torch.where(word == 0, self.bars, found).clamp(max=self.bars)


def words_of(bits: Any, bars: int) -> Words:
    """``bits`` int32 (rows, words) to look up in."""
    import torch

    rows, count = bits.shape
    padded = torch.nn.functional.pad(bits, (0, 1))
    following = torch.empty((rows, count + 1), dtype=torch.int64, device=bits.device)
    first = torch.arange(rows, device=bits.device) * (count + 1)
    ahead = first + count
    following[:, count] = ahead
    for word in reversed(range(count)):
        following[:, word] = ahead
        ahead = torch.where(bits[:, word] != 0, first + word, ahead)
    return Words(padded.reshape(-1), following.reshape(-1), count + 1, bars)


def place_of_lowest(word: Any) -> Any:
    """The place of the lowest bit of each int32 that is set, as int64; anything for 0."""
    import torch

    return (((word & -word).to(torch.float32).view(torch.int32) >> 23) & 255).to(torch.int64) - 127


def place_of_highest(value: Any) -> Any:
    """The place of the highest bit of each integer from 1 to 2 ** 24, 0 for 0."""
    import torch

    return ((value.to(torch.float32).view(torch.int32) >> 23).to(torch.int64) - 127).clamp(min=0)


def packed(flags: Any) -> Any:
    """Bools (rows, bars) as int32 (rows, words), the first bar in the lowest bit."""
    import torch

    rows, bars = flags.shape
    full = torch.nn.functional.pad(flags, (0, -bars % WIDTH)).reshape(rows, -1, WIDTH)
    places = torch.arange(WIDTH, dtype=torch.int32, device=flags.device)
    return (full.to(torch.int32) << places).sum(-1, dtype=torch.int32)

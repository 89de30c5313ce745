"""Crossings found 64 bars at once, against the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.strategies.crossing import cross, levels

NAN = float("nan")
BUILDS = ("ties", "gaps", "constant", "fine", "smooth")


def lines_of(build: str, count: int, bars: int, seed: int) -> np.ndarray:
    """Lines that cross often, with what makes crossings hard."""
    random = np.random.default_rng(seed)
    lines = 100 + np.cumsum(random.normal(0, 1, (count, bars)), axis=1) * random.choice([1e-7, 0.01, 1.0])
    if build == "ties":
        lines = np.round(lines)
    if build == "constant":
        lines[:] = lines[0, 0]
        lines[0, bars // 2 :] += 1e-12
    if build == "fine":
        lines = 100 * (1 + random.integers(-3, 4, (count, bars)) * 3e-11)
    for row, line in enumerate(lines):
        line[: random.integers(0, bars // 2 + 1) if row else 0] = NAN
    if build == "gaps":
        lines[random.random(lines.shape) < 0.05] = NAN
    return lines


def coded(lines: np.ndarray) -> tuple[np.ndarray, ...]:
    from engine.backtest.kernels import crossing

    count, bars = lines.shape
    codes = np.full((count, (bars + 63) // 64 * 64 + 32), 7, dtype=np.uint16)
    bits = lines.view(np.int64)
    crossing.encode(bits, codes, 0, bars)
    return codes, bits, *crossing.survey(codes, bars)


@settings(max_examples=80)
@given(some.sampled_from(BUILDS), some.integers(2, 6), some.integers(1, 300), some.integers(0, 2**32))
def test_crossings_are_those_of_the_definition(build: str, count: int, bars: int, seed: int) -> None:
    from engine.backtest.kernels import crossing

    lines = lines_of(build, count, bars, seed)
    codes, bits, starts, broken = coded(lines)
    buffers = crossing.make_buffers(bars)
    for fast in range(count):
        for slow in range(count):
            up, down = cross(lines[fast], lines[slow])
            decided = np.flatnonzero(up | down)
            found = np.empty(bars + 72, dtype=np.int64)
            number = crossing.crossings(codes, bits, fast, slow, 0, found)
            assert found[:number].tolist() == (2 * decided + up[decided]).tolist()
            if fast == slow or broken[fast] or broken[slow]:
                continue
            first, end = crossing.changes(codes, bits, fast, slow, max(starts[fast], starts[slow]), 0, buffers)
            if first >= 0:  # no tie, so every crossing changes what is held, but for an exit before the first entry
                wanted = decided[1:] if len(decided) and down[decided[0]] else decided
                assert buffers[0][first:end].tolist() == wanted.tolist()


@given(some.lists(some.floats(width=64), min_size=1, max_size=30))
def test_levels_of_the_kernel_are_those_of_the_strategies(values: list[float]) -> None:
    from engine.backtest.kernels import crossing

    array = np.array([value for value in values if value == 0 or abs(value) > 1e-300 or np.isnan(value)] or [1.0])
    with np.errstate(over="ignore"):
        expected = levels(array)
    found = np.array([crossing.level(bits) for bits in array.view(np.int64)])
    finite = np.abs(array) < 1.7e308
    np.testing.assert_array_equal(found[finite], expected[finite])


def test_codes_keep_the_order_of_levels() -> None:
    lines = lines_of("smooth", 40, 200, 3)
    codes = coded(lines)[0]
    rounded = levels(lines)
    for t in range(200):
        known = ~np.isnan(rounded[:, t])
        assert (codes[~known, t] == 0).all()
        order = np.argsort(rounded[known, t])
        assert (np.diff(codes[known, t][order].astype(int)) >= 0).all()
        assert codes[known, t].min() == 1
        assert codes[known, t].max() in ((65533, 65534) if known.sum() > 1 else (1,))


@pytest.mark.parametrize("bars", [1, 63, 64, 65, 128])
def test_last_bar_of_a_word_is_looked_at(bars: int) -> None:
    from engine.backtest.kernels import crossing

    lines = np.ones((2, bars))
    lines[1] = 2.0
    lines[0, -1] = 3.0
    codes, bits, starts, _ = coded(lines)
    buffers = crossing.make_buffers(bars)
    first, end = crossing.changes(codes, bits, 0, 1, max(starts), 0, buffers)
    assert buffers[0][first:end].tolist() == ([bars - 1] if bars > 1 else [])

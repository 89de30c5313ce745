"""Tests of sizes in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.sizes import GIGABYTE, MEGABYTE, size_text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 KB"),
        (86_016, "84 KB"),
        (1.4 * MEGABYTE, "1.4 MB"),
        (40 * MEGABYTE, "40 MB"),
        (999 * MEGABYTE, "999 MB"),
        (16 * GIGABYTE, "16.0 GB"),
        (1434 * MEGABYTE, "1.4 GB"),
        (1024 * GIGABYTE, "1.0 TB"),
        (5e15, "4,547.5 TB"),
    ],
)
def test_size_text(amount: float, text: str) -> None:
    assert size_text(amount) == text


@given(st.integers(0, 10**15))
def test_a_size_in_words_is_that_size(amount: int) -> None:
    """To the last digit that is shown, in units of 1,024."""
    digits, unit = size_text(amount).replace(",", "").split()
    scale = 1024 ** (["KB", "MB", "GB", "TB"].index(unit) + 1)
    assert abs(float(digits) * scale - amount) <= scale * (0.5 if "." not in digits else 0.05) * (1 + 1e-9)

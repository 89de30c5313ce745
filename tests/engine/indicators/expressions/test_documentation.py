"""docs/expressions.md tells of every function, and its examples are expressions."""

from __future__ import annotations

import re
from pathlib import Path

from engine.indicators.expressions.functions import ALIASES, FUNCTIONS
from engine.indicators.expressions.parser import OPERATORS, parse

TEXT = Path(__file__).parents[4].joinpath("docs", "expressions.md").read_text(encoding="utf-8")


def test_every_function_is_in_its_table() -> None:
    for function in FUNCTIONS.values():
        if function.name not in OPERATORS:
            assert f"| `{function.signature()}` | {function.help} |" in TEXT
    assert all(f"`{name}`" in TEXT for name in ALIASES)


def test_the_examples_can_be_read() -> None:
    examples = [
        *re.findall(r'text: "([^"]+)"', TEXT),
        *re.findall(
            r"`((?:zscore|sma|rsi|atr|cci|macd|close /|if_unknown)[^`]*\([^`]*)`", TEXT.split("## Functions")[0]
        ),
    ]
    assert len(examples) > 9
    for example in examples:
        parse(example.replace("x, 0", "close, 0"))

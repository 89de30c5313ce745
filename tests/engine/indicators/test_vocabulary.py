"""Words of the expression language: each is read by the parser, and none is missing."""

from __future__ import annotations

from engine.indicators import INDICATORS
from engine.indicators.expressions.functions import ALIASES, FUNCTIONS
from engine.indicators.expressions.parser import GROUPED, OPERATORS, parse
from engine.indicators.expressions.vocabulary import vocabulary


def test_every_column_function_and_indicator_is_a_word() -> None:
    names = [word.name for word in vocabulary()]
    assert names == sorted(set(names))
    kinds = {info.name.removeprefix("talib_") for info in INDICATORS.infos()}
    columns = {"open", "high", "low", "close", "volume"}
    assert set(names) == {*columns, *(FUNCTIONS.keys() - OPERATORS), *ALIASES, *kinds, GROUPED}


def test_words_say_how_they_are_written() -> None:
    words = {word.name: word for word in vocabulary()}
    assert words["close"].written == "close"
    assert words["zscore"].written.startswith("zscore(x, ")
    assert words["rsi"].written == "rsi(...)"
    assert parse("zscore(close, 20)")

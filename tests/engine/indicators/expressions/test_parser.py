"""The expression language: what it reads, what it refuses and where, and its one way of writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.indicators.expressions.functions import FUNCTIONS
from engine.indicators.expressions.nodes import Column, Line, Node, Number, OfGroup, OfSymbol, Operation, walk
from engine.indicators.expressions.parser import MAXIMUM_DEPTH, OPERATORS, ExpressionError, parse
from engine.indicators.expressions.writer import written
from engine.indicators.momentum import Rsi

WRITTEN = {
    "close": "close",
    " close+ 1.50": "close + 1.5",
    "-close**2": "-close ** 2",
    "(-close)**2": "(-close) ** 2",
    "2**3**close": "2 ** 3 ** close",
    "(2**3)**close": "(2 ** 3) ** close",
    "close-(open-high)": "close - (open - high)",
    "close-open-high": "close - open - high",
    "low < close <= high": "low < close and close <= high",
    "not close > open or volume == 0 and close": "not close > open or volume == 0 and close",
    "not (close or open)": "not (close or open)",
    "1 if close > open else -1": "1 if close > open else -1",
    "(close if open else low) if high else 0": "(close if open else low) if high else 0",
    "sma(50)": "sma(close, 50)",
    "sma(volume, window=20)": "sma(volume, 20)",
    "macd(12, 26).signal": "macd(close, 12, 26, 9).signal",
    "linearreg(high, 20)": "linearreg(high, 20)",
    "rsi(rsi(14), 5)": "rsi(rsi(close, 14), 5)",
    "atr(14)": "atr(14)",
    "delay(close)": "lag(close)",
    "quantile(close, 20, share=0.25)": "quantile(close, 20, 0.25)",
    "max(close, open, high)": "max(max(close, open), high)",
    "of('BTC/USDT', close / sma(close, 5))": 'of("BTC/USDT", close / sma(close, 5))',
    "zscore(close / sma(close, 50), 252)\n - rank(volume)": "zscore(close / sma(close, 50), 252) - rank(volume)",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_it_is_written_in_one_way(text: str) -> None:
    node = parse(text)
    assert written(node) == WRITTEN[text]
    assert parse(written(node)) == node


REFUSED = {
    "": (0, "Write an expression"),
    "clsoe / 2": (0, "Did you mean 'close'?"),
    "close / smaa(close, 5)": (8, "Did you mean 'sma'?"),
    "close +": (6, "ends too early"),
    "(close": (0, "never closed"),
    "close 5": (6, "'5' is not expected here"),
    "close / 0": (8, "divides by zero"),
    "close.real": (0, "not part of the language"),
    "().__class__": (0, "not part of the language"),
    "[close for close in open]": (0, "not part of the language"),
    "lambda: close": (0, "not part of the language"),
    "__import__('os')": (0, "no function '__import__'"),
    "eval('1')": (0, "no function 'eval'"),
    "close('x')": (0, "no function 'close'"),
    "sma": (0, "sma is a function"),
    "sma(close, 5)(close)": (0, "Only functions by their names"),
    "'close'": (0, "is not a value here"),
    "True and close": (0, "write 1 or 0"),
    "sum(close, 2.5)": (11, "whole number"),
    "sum(close, 0)": (11, "between 1 and"),
    "sum(close, volume)": (11, "is a number, not a series"),
    "sum(close)": (0, "'bars' is missing"),
    "sum(close, days=5)": (0, "'bars' is missing"),
    "rank(close, x=1)": (0, "has no 'x'"),
    "sma(close, window=volume)": (18, "is a number or a choice"),
    "rsi(close, 14, 3)": (0, "only 1 parameters"),
    "rsi(window=100000)": (11, "at most 500"),
    "macd()": (0, "Choose what to take"),
    "macd().sgnal": (0, "Choose what to take"),
    "sum(close, 5).value": (0, "leave .value out"),
    "bop(close)": (0, "give a series for each of them"),
    "beta('SPY', 60)": (0, "more than one series"),
    "of(SPY, close)": (0, 'Write of("SPY", close)'),
    "of('../x', close)": (3, "cannot be a symbol"),
    "log(*[close])": (0, "Stars have no meaning"),
    "close @ open": (0, "not part of the language"),
    "~close": (0, "write not"),
    "close in open": (0, "Compare with"),
    "clöse": (2, "'ö' has no meaning"),
    "5": (0, "a constant"),
    "9 ** 9 ** 9": (0, "a constant"),
    "1e999 * close": (0, "too large"),
    "x" * 3_000: (2_000, "at most 2,000 characters"),
    "-" * 1_900 + "close": (MAXIMUM_DEPTH + 1, "deep"),
    "(" * 900 + "close" + ")" * 900: (200, "deep"),
    "close" + "+close" * 300: (0, "deep"),
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_what_is_wrong_is_said_with_its_place(text: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    start, sentence = REFUSED[text]
    assert sentence in str(error.value)
    assert error.value.start == start or len(text) > 100
    assert error.value.end > error.value.start
    assert error.value.problems[0][0] == "text"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except ExpressionError as error:
        fault = error
    else:
        assert parse(written(found)) == found
        return
    assert 0 <= fault.start < fault.end


LEAVES = st.one_of(
    st.sampled_from(
        [Column("close"), Column("volume"), Line(Rsi(), "rsi"), Line(Rsi(window=5), "rsi", (Column("open"),))]
    ),
    st.floats(0, 1e9).map(Number),
)
TWO = sorted(OPERATORS - {"negative", "negated"})


def _above(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.one_of(
        st.builds(lambda name, one, two: Operation(name, (one, two)), st.sampled_from(TWO), below, below),
        st.builds(lambda one: Operation("negated", (one,)), below),
        st.builds(lambda one: Operation("negative", (one,)), below.filter(lambda node: not isinstance(node, Number))),
        st.builds(lambda *parts: Operation("where", parts), below, below, below),
        st.builds(lambda one, bars: Operation("mean", (one,), (float(bars),)), below, st.integers(1, 9)),
        st.builds(lambda one: OfSymbol("SPY", one), below),
        st.builds(lambda one: OfGroup("tech: AAPL MSFT; banks: JPM", one), below),
    )


@given(st.recursive(LEAVES, _above, max_leaves=12))
def test_what_is_written_reads_as_what_it_was(node: Node) -> None:
    divides_by_zero = any(
        isinstance(item, Operation) and item.name in ("divide", "modulo") and item.inputs[1] == Number(0.0)
        for item in walk(node)
    )
    if divides_by_zero or not any(isinstance(item, Column | Line) for item in walk(node)):
        return
    assert parse(written(node)) == node


def test_every_function_says_how_it_is_written_and_what_it_is() -> None:
    for function in FUNCTIONS.values():
        assert function.signature().startswith(f"{function.name}(")
        assert function.help.endswith(".") or function.name in OPERATORS

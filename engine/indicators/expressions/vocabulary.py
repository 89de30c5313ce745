"""Words of the expression language, for a list to choose from while one is typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, get_args

from engine.indicators import INDICATORS, Column
from engine.indicators.expressions.functions import ALIASES, FUNCTIONS
from engine.indicators.expressions.parser import GROUPED, OPERATORS


class Word(NamedTuple):
    """A ``name``, how it is written where it takes arguments, and what it is."""

    name: str
    written: str
    help: str


def vocabulary() -> tuple[Word, ...]:
    """Columns, functions and indicators, in the order of their names; no indicator is made for it."""
    return tuple(sorted({word.name: word for word in _words()}.values(), key=lambda word: word.name))


def _words() -> Iterator[Word]:
    for info in INDICATORS.infos():
        yield Word(info.name.removeprefix("talib_"), f"{info.name.removeprefix('talib_')}(...)", info.title)
    for name in FUNCTIONS.keys() - OPERATORS:
        yield Word(name, FUNCTIONS[name].signature(), FUNCTIONS[name].help)
    for name, meant in ALIASES.items():
        yield Word(name, FUNCTIONS[meant].signature().replace(meant, name, 1), FUNCTIONS[meant].help)
    yield Word(GROUPED, f'{GROUPED}(x, "A: AAPL MSFT")', "Distance from the mean of the symbol's group.")
    for column in get_args(Column):
        yield Word(column, column, "column")

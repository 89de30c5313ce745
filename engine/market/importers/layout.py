"""Columns of a file of bars: which holds what, of which symbol."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.core.errors import DataError
from engine.market.importers.formats import Format
from engine.market.symbols import name_of_file, symbol

_NAME = re.compile(r"[^\s_,]+")


@dataclass(frozen=True)
class Layout:
    """Where things lie: ``names`` of all columns of the file, each unique; ``series`` by symbol the bars' columns among
    them; ``first`` is the line on which the data begin, ``separator`` stands between cells.
    """

    names: tuple[str, ...]
    series: Mapping[str, Mapping[str, str]]
    first: int
    separator: str

    @property
    def wanted(self) -> list[str]:
        """The columns that some series has."""
        return sorted({column for columns in self.series.values() for column in columns.values()})


def layout_of(found: Format, head: Sequence[str], name: str, chosen: str) -> Layout:
    """The layout of the file ``name`` that begins with the lines ``head``; its only series is that of the symbol
    ``chosen``, or of the one that its name begins with. Raises ``DataError``.
    """
    separator = max(",;\t|", key=head[0].count) if found.name == "plain" else found.separator
    first = next(csv.reader([head[0]], delimiter=separator))
    own = chosen or _symbol_of(name, found)
    if not isinstance(found.columns, Mapping):
        has_heading = not re.match(r"[\d\"]", head[0])
        names = tuple(found.columns[: len(first)])
        return Layout(names, {own: {item: item for item in names}}, 2 if has_heading else 1, separator)
    headings = [item.strip().lower() for item in first]
    if headings[0] == "price" and len(head) > 2 and head[1].lower().startswith("ticker"):
        return _by_ticker(found, headings, head[1].split(separator), separator)
    known = {found.columns[item]: item for item in reversed(headings) if item in found.columns}
    names = tuple(f"{item}#{place}" if item in headings[:place] else item for place, item in enumerate(headings))
    if {"date", "time"} <= set(headings) and known.get("time") in ("date", "time"):
        known = {"date": "date", "clock": "time"} | {key: item for key, item in known.items() if key != "time"}
    if "close" in known:
        return Layout(names, {own: known}, 2, separator)
    time = known.get("time", known.get("date", ""))
    others = [item for item in first if item.strip().lower() != time]
    if not time or not others:
        listed = ", ".join(first)[:80]
        raise DataError(
            f"{name} has no column of closes: its headings are {listed}. Cells are separated by commas, "
            "semicolons, tabs or |."
        )
    series = {_named(item, name): {"time": time, "close": item.strip().lower()} for item in others}
    return Layout(names, series, 2, separator)


def _by_ticker(found: Format, headings: Sequence[str], tickers: Sequence[str], separator: str) -> Layout:
    """yfinance's three lines of headings: prices, tickers, and the name of the index."""
    columns: Any = found.columns
    names = ("time", *(f"{price}#{ticker}" for price, ticker in zip(headings[1:], tickers[1:], strict=False)))
    series = {
        ticker: {"time": "time"}
        | {
            columns[price]: f"{price}#{ticker}"
            for price in headings[1:]
            if price in columns and columns[price] != "time"
        }
        for ticker in dict.fromkeys(tickers[1:])
    }
    return Layout(names, series, 4, separator)


def _symbol_of(name: str, found: Format) -> str:
    """The symbol in the name that the vendor gave a file, else what the name begins with; no symbol is an empty one."""
    stem = re.sub(r"-\d.*$", "", Path(name).stem)
    if found.file and (match := found.file.match(Path(name).stem)):
        own = next(group for group in match.groups() if group is not None).replace(" ", "")
    else:
        own = match[0] if (match := _NAME.match(stem)) else stem
    try:
        return symbol(name_of_file(own))
    except ValueError:
        return ""


def _named(text: str, name: str) -> str:
    try:
        return symbol(text)
    except ValueError as error:
        raise DataError(f"{name} has no column of closes, and its headings are not all symbols: {error}") from None

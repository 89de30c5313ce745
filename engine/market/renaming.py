"""Renaming of stored series."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from engine.core.errors import DataError, StoreError, told_by_disk
from engine.core.store import write_atomically
from engine.market import moves
from engine.market.bars import Bars, Series
from engine.market.moves import Move
from engine.market.series_file import companions, path_of, version_of
from engine.market.sources.stored import Stored, current_since, save
from engine.market.symbols import collection_name, symbol


def rename(series: Series, *, to_symbol: str = "", to_collection: str = "") -> Series:
    """Give a stored series another symbol, or move it to another collection, with its repairs; "" leaves the one that
    it has. One that was fetched is updated under the symbol that its source knows (``Series.provider_symbol``).

    The series is written under its new name and then removed under the old one; what a process leaves that is killed
    in between is settled with the next look (``moves.heal``). Raises ``DataError`` for a name that is invalid or taken,
    and ``StoreError`` where it cannot be written; it has its old name then.
    """
    renamed = _renamed(series, to_symbol or series.symbol, to_collection or series.collection)
    old = path_of(series.collection, series.symbol, series.interval)
    new = path_of(renamed.collection, renamed.symbol, renamed.interval)
    if new is None:
        raise DataError(f"'{renamed.symbol}' in '{renamed.collection}' is too long for a file name: shorten it.")
    if old is None or (version := version_of(old)) is None:
        raise DataError(
            f"There is no stored {series.symbol} in {series.collection}: only stored series can be renamed."
        )
    if os.path.exists(new):
        raise DataError(
            f"There is {renamed.symbol} of {renamed.interval} in {renamed.collection} already: choose another name, or "
            "rename or delete that first."
        )
    bars = Stored().read(series)
    named = replace(bars, series=renamed)
    move = Move(old, new, version, bars.digest(), named.digest())
    try:
        with moves.noted(move):
            _make(move, series, named)
    except OSError as error:
        raise StoreError(f"{series.symbol} could not be renamed: {told_by_disk(error)}.") from error
    return renamed


def _make(move: Move, series: Series, named: Bars) -> None:
    """Store ``named`` and what belongs to it at the new place, and remove ``series`` from the old one. Raises
    ``OSError``, ``StoreError`` and ``DataError``, and leaves it there.
    """
    beside, made = companions(move.old), list[str]()
    try:
        Path(move.new).parent.mkdir(parents=True, exist_ok=True)
        for item in beside:
            made.append(_beside(item, move.old, move.new))
            write_atomically(Path(made[-1]), Path(item).read_bytes())
        made.append(str(save(named, current_since(series))))
        if version_of(move.old) != move.version:
            raise DataError(f"{series.symbol} was updated at this moment: rename it again.")
        os.unlink(move.old)
    except (OSError, StoreError, DataError):
        if os.path.exists(move.old):
            moves.discard_all(made[::-1])
        raise
    moves.discard_all(beside)


def _renamed(series: Series, symbol_: str, collection: str) -> Series:
    """Raises ``DataError`` for names that are invalid, or are those that it has."""
    try:
        names = symbol(symbol_), collection_name(collection.strip())
    except ValueError as error:
        raise DataError(str(error)) from None
    if names == (series.symbol, series.collection):
        raise DataError(f"{series.symbol} in {series.collection} already has that name.")
    known = series.provider_symbol or series.symbol
    provider_symbol = known if series.provider and known != names[0] else ""
    return replace(series, symbol=names[0], collection=names[1], provider_symbol=provider_symbol)


def _beside(item: str, old: str, new: str) -> str:
    """Where what belongs to the bars at ``old`` goes with them."""
    suffix = item.removeprefix(os.path.splitext(old)[0])
    return f"{os.path.splitext(new)[0]}{suffix}"

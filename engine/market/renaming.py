"""Renaming of stored series."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from engine.core.errors import DataError, StoreError
from engine.core.store import write_atomically
from engine.market.bars import Series
from engine.market.series_file import companions, path_of, version_of
from engine.market.sources.stored import Stored, current_since, save
from engine.market.symbols import collection_name, symbol


def rename(series: Series, *, to_symbol: str = "", to_collection: str = "") -> Series:
    """Give a stored series another symbol, or move it to another collection, with its repairs; "" leaves the one that
    it has. One that was fetched is updated under the symbol that its source knows (``Series.provider_symbol``).

    The series is written under its new name and then removed under the old one: a process that is killed between the
    two leaves both. Raises ``DataError`` for a name that is invalid or taken, and ``StoreError`` where it cannot be
    written; it has its old name then.
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
    beside, made = companions(old), list[str]()
    try:
        Path(new).parent.mkdir(parents=True, exist_ok=True)
        for item in beside:
            made.append(_beside(item, old, new))
            write_atomically(Path(made[-1]), Path(item).read_bytes())
        made.append(str(save(replace(bars, series=renamed), current_since(series))))
        if version_of(old) != version:
            raise DataError(f"{series.symbol} was updated at this moment: rename it again.")
        os.unlink(old)
    except (OSError, StoreError, DataError) as error:
        _take_back(old, made)
        if isinstance(error, OSError):
            raise StoreError(f"{series.symbol} could not be renamed: {error.strerror}.") from error
        raise
    for item in beside:
        with contextlib.suppress(OSError):
            os.unlink(item)
    return renamed


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


def _take_back(old: str, made: list[str]) -> None:
    """Remove what was made under the new name, as long as the old one is there."""
    if os.path.exists(old):
        for path in reversed(made):
            with contextlib.suppress(OSError):
                os.unlink(path)

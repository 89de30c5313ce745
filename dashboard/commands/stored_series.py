"""``stratoscope data rename``, ``delete``, ``restore``, ``deleted`` and ``export``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from dashboard.commands.output import print_lines, table_lines
from dashboard.text.format import count
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import ConfigError, DataError, EngineError, did_you_mean
from engine.core.sizes import size_text
from engine.market import catalog, export, trash
from engine.market.bars import Series
from engine.market.renaming import rename
from engine.market.sources.stored import Stored
from engine.market.trash import Deleted

T = TypeVar("T", Series, Deleted)
_HEADINGS = ("Collection", "Symbol", "Interval", "Bars", "Size", "Deleted")


def rename_(args: argparse.Namespace) -> None:
    """Rename one series, or move all of a collection. Raises ``DataError`` after the report where some failed."""
    symbols = [args.symbols] if args.symbols else []
    if not args.to_symbol and not args.to_collection:
        raise DataError("Give the new name: --to-symbol, --to-collection or both.")
    if args.to_symbol and not symbols:
        raise DataError("--to-symbol renames a single series: name it.")
    names = {"to_symbol": args.to_symbol, "to_collection": args.to_collection}
    _each(args, "renamed", _chosen(Stored().series(), args, symbols), lambda item: asdict(rename(item, **names)))


def delete(args: argparse.Namespace) -> None:
    """Move series into the trash. Raises ``DataError`` after the report where some failed."""
    found = _chosen(Stored().series(), args, args.symbols)
    _each(args, "deleted", found, lambda item: asdict(trash.delete(item.collection, item.symbol, item.interval)))


def restore(args: argparse.Namespace) -> None:
    """Bring series back, of each name the one that was deleted last. Raises ``DataError`` after the report where some
    failed.
    """
    newest = {(item.collection, item.symbol, item.interval): item for item in reversed(trash.deleted())}
    found = _chosen(newest.values(), args, args.symbols)
    _each(args, "restored", found, lambda item: asdict(trash.restore(item.id)))


def deleted(args: argparse.Namespace) -> None:
    """Print what can be restored."""
    found = trash.deleted()
    if args.json:
        print(json.dumps([asdict(item) for item in found]))
    else:
        print_lines(table_lines(_HEADINGS, list(map(_row, found))))


def export_(args: argparse.Namespace) -> None:
    """Write series to files. Raises ``DataError`` after the report where some failed."""
    folder = Path(args.to).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.") from None

    def write(series: Series) -> dict[str, Any]:
        bars = catalog.read(series)
        path = folder / export.file_name(bars, args.format)
        try:
            with path.open("wb") as file:
                file.writelines(export.pieces(bars, args.format))
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror}.") from None
        return {"symbol": series.symbol, "interval": series.interval, "rows": len(bars), "path": str(path)}

    _each(args, "exported", _chosen([item.series for item in catalog.entries()], args, args.symbols), write)


def _chosen(known: Iterable[T], args: argparse.Namespace, symbols: list[str]) -> list[T]:
    """Those that the command line names. Raises ``DataError`` for a name that there is not."""
    there = [item for item in known if item.collection == args.of]
    if not there:
        raise DataError(f"No such series in the collection '{args.of}': see 'stratoscope data'.")
    every = tuple(dict.fromkeys(item.symbol for item in there))
    if unknown := next((item for item in symbols if item not in every), None):
        raise DataError(f"'{unknown}' is not among those of {args.of}.{did_you_mean(unknown, every)}")
    found = [item for item in there if not symbols or item.symbol in symbols]
    found = [item for item in found if args.interval in (None, item.interval)]
    if not found:
        raise DataError(f"None of these has bars of {args.interval}.")
    return found


def _each(args: argparse.Namespace, verb: str, items: list[T], act: Callable[[T], dict[str, Any]]) -> None:
    """Do it with each, one that fails costing no other, and print what was done. Raises ``DataError`` then."""
    prepare_cache(settings().cache)
    done, failed = [], {}
    for item in items:
        try:
            done.append(act(item))
        except EngineError as error:
            failed[f"{item.symbol}, {item.interval}"] = str(error)
    if args.json:
        print(json.dumps({verb: done, "failed": failed}))
    elif done:
        print(f"{count(len(done), 'series', 'series')} {verb}.")
    if failed:
        raise DataError("\n".join(f"{name}: {sentence}" for name, sentence in failed.items()))


def _row(item: Deleted) -> tuple[str, ...]:
    when = datetime.fromtimestamp(item.deleted, UTC).strftime("%Y-%m-%dT%H:%M")
    return (item.collection, item.symbol, item.interval, f"{item.rows:,}", size_text(item.size), when)


ACTIONS: Final = MappingProxyType(
    {"rename": rename_, "delete": delete, "restore": restore, "deleted": deleted, "export": export_}
)
"""What can be done with series, by name."""

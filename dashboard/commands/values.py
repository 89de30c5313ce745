"""``stratoscope values``: signals, weights and predictions of one's own, without a browser."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from dashboard.commands.output import print_lines, table_lines
from dashboard.text.format import count, day_range
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import DataError
from engine.market.external import stored
from engine.market.external.importing import ImportedValues, import_values
from engine.market.external.known import known_when
from engine.market.external.request import Request
from engine.market.external.table import About
from engine.market.intervals import bar_interval

_HEADINGS = ("Name", "Kind", "Interval", "Known", "Symbols", "From", "To", "Values", "Stored")


def values(args: argparse.Namespace) -> None:
    """Store the values of a file, delete some or bring them back, or list all."""
    prepare_cache(settings().cache)
    if args.delete:
        stored.delete(args.delete)
        print(f"The values '{args.delete}' are deleted. To bring them back: stratoscope values --restore NAME.")
    elif args.restore:
        stored.restore(args.restore)
        print(f"The values '{args.restore}' are back.")
    elif args.path:
        _import(args)
    else:
        _list(args)


def _import(args: argparse.Namespace) -> None:
    for option in ("name", "kind", "known"):
        if getattr(args, option) is None:
            raise DataError(f"Values need --{option}: see 'stratoscope values --help'.")
    request = Request(
        args.name, args.kind, known_when(args.known), args.interval, args.timezone, args.symbol, args.date_order
    )
    report = import_values(Path(args.path).expanduser(), request)
    if args.json:
        print(json.dumps(report.summary()))
    else:
        print_lines(_told(report))
    for warning in report.warnings:
        print(warning, file=sys.stderr)


def _told(report: ImportedValues) -> list[str]:
    """What was stored, and what was left out of it."""
    about, rejected = report.about, list(report.summary()["rejected"])
    bars, symbols = bar_interval(about.interval).adjective, count(len(about.symbols), "symbol")
    told = [
        f"Stored {about.rows:,} values as '{about.name}'.",
        f"{about.kind.capitalize()} of {symbols}, {bars}, {day_range(about.start, about.end)}, known "
        f"{about.known.sentence()}.",
    ]
    if report.blank:
        told.append(f"{count(report.blank, 'empty cell')}: no value.")
    return told + ([f"{count(report.rejected, 'line')} left out:", *rejected] if rejected else [])


def _list(args: argparse.Namespace) -> None:
    found = stored.listed()
    if args.json:
        print(json.dumps([asdict(item) for item in found]))
        return
    print_lines(table_lines(_HEADINGS, list(map(_row, found))))
    for problem in stored.problems():
        print(problem, file=sys.stderr)


def _row(item: About) -> tuple[str, ...]:
    ends = (item.start[:10], item.end[:10])
    symbols = f"{len(item.symbols):,}"
    known = item.known.label()
    return (item.name, item.kind, item.interval, known, symbols, *ends, f"{item.rows:,}", item.stored[:16])

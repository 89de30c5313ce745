"""``stratoscope download``, ``import``, ``update`` and ``data``: bars of one's own, without a browser."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from dashboard.commands import stored_series
from dashboard.commands.output import print_lines, table_lines
from dashboard.commands.values import values
from dashboard.commands.versions import print_versions
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.core.spec import Action
from engine.jobs import actions
from engine.market import catalog
from engine.market.bars import Series
from engine.market.download import spelled
from engine.market.fetch.spec import Fetch
from engine.market.importers.files import import_files
from engine.market.importers.reader import Choices
from engine.market.quality.report import UniverseReport, assess_universe
from engine.market.symbols import collection_name
from engine.research.service.rescoring.spec import Refresh


def download(args: argparse.Namespace) -> None:
    """Fetch symbols from a source. Raises ``DataError`` after the report where some could not be fetched."""
    values = {"source": args.source, "symbols": spelled(args.source, args.symbols), "interval": args.interval}
    values |= {"start": args.start, "end": args.end, "collection": args.collection}
    report, header = _performed(Fetch.parse({name: value for name, value in values.items() if value is not None}))
    given = {"interval": args.interval, "from": args.start, "to": args.end}
    asked = {item.symbol for item in report.outcomes}
    _print(header, dict(report.summary()), args.json, _retry(report.to_retry, asked, args, [args.source], given))


def update(args: argparse.Namespace) -> None:
    """Fetch what has come since, and score the models in service on it. Raises ``DataError`` after the report where
    some series could not be updated.
    """
    report, header = _performed(Refresh.parse({"symbols": args.symbols, "collection": args.collection or ""}))
    asked = {item.outcome.symbol for item in report.series}
    _print(header, dict(report.summary()), args.json, _retry(report.to_retry, asked, args))


def _retry(
    symbols: Sequence[str],
    asked: Collection[str],
    args: argparse.Namespace,
    first: Sequence[str] = (),
    options: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """The command that asks for ``symbols`` again, of a command that has asked for more than these; "" for none."""
    if not symbols or len(symbols) == len(asked):
        return ""
    every = {**options, "collection": args.collection, "config": args.config}
    given = [part for name, value in every.items() if value is not None for part in (f"--{name}", str(value))]
    return f"To retry those that may succeed now: stratoscope {shlex.join([args.verb, *first, *symbols, *given])}"


def catalogue(args: argparse.Namespace) -> None:
    """Print every series that can be read, or do what was asked for with some of them."""
    if args.action:
        stored_series.ACTIONS[args.action](args)
        return
    found = [item.series for item in catalog.entries()]
    chosen = [item for item in found if args.collection in (None, item.collection)]
    if args.quality:
        _print_quality(assess_universe(chosen, progress=_progress()), args.json)
    elif args.versions:
        print_versions(chosen, args.json)
    elif args.json:
        print(json.dumps([asdict(item) for item in chosen]))
    else:
        print_lines(_table(chosen))
    for problem in catalog.problems():
        print(problem, file=sys.stderr)


def import_(args: argparse.Namespace) -> None:
    """Keep the bars of files. Raises ``DataError`` after the report where some could not be kept."""
    prepare_cache(settings().cache)
    answers = (args.adjustment, args.date_order, args.encoding)
    choices = Choices(args.format, args.timezone, args.symbol, args.currency, *answers)
    paths = [Path(path).expanduser() for path in args.paths]
    report = import_files(paths, collection_name(args.collection), choices, _progress())
    asked = sorted({f"--{item.asks.replace('_', '-')}" for item in report.files if item.asks})
    hint = f"Choose with {' and '.join(asked)}." if asked else ""
    _print({"label": f"Import into {report.collection}"}, dict(report.summary()), args.json, hint)


def _performed(action: Action) -> tuple[Any, dict[str, Any]]:
    """The report of an action, and what is said of it first."""
    prepare_cache(settings().cache)
    done = actions.perform(action, _progress())
    return done.report, {"id": done.id, "label": done.label, "seconds": round(done.seconds, 1)}


def _progress() -> Progress:
    return _print_progress if sys.stderr.isatty() else silent


def _print(header: dict[str, Any], summary: dict[str, Any], as_json: bool, hint: str = "") -> None:
    """Print what was done; then raise ``DataError`` with what failed, and a ``hint`` what to do about it."""
    if as_json:
        print(json.dumps({**header, "summary": summary}))
    failed = summary.pop("failed")
    if not as_json:
        print(f"{header['label']}: {f'{len(failed)} failed' if failed else 'done'}.")
        print(yaml.safe_dump(summary, sort_keys=False, allow_unicode=True), end="")
    if failed:
        sentences = [text if text.startswith(name) else f"{name}: {text}" for name, text in failed.items()]
        raise DataError("\n".join([*sentences, *([hint] if hint else [])]))


def _print_progress(fraction: float, message: str, _: object = None) -> None:
    """Progress on one line of a terminal."""
    if message:
        print(f"\r\033[K{fraction:4.0%} {message}", end="\n" if fraction == 1.0 else "", file=sys.stderr, flush=True)


def _print_quality(report: UniverseReport, as_json: bool) -> None:
    """Every finding by series, and those on all of them together."""
    if as_json:
        rows = [{**_name(row.series), "findings": [asdict(item) for item in row.verdict]} for row in report.rows]
        print(json.dumps({"series": rows, "together": [asdict(item) for item in report.together]}))
        return
    for row in report.rows:
        for item in row.verdict:
            name = f"{row.series.symbol} in {row.series.collection}, {row.series.interval}"
            print(f"{name}: {item.severity}: {item.sentence} {item.effect}")
    for item in report.together:
        print(f"{item.severity}: {item.sentence} {item.effect}")
    print(yaml.safe_dump(report.summary()["series"], sort_keys=False, default_flow_style=True), end="")


def _name(series: Series) -> dict[str, str]:
    return {"collection": series.collection, "symbol": series.symbol, "interval": series.interval}


_HEADINGS = ("Collection", "Symbol", "Interval", "From", "To", "Bars", "Source", "Fetched")


def _table(series: list[Series]) -> list[str]:
    return table_lines(_HEADINGS, list(map(_row, series)))


def _row(item: Series) -> tuple[str, ...]:
    provider = item.provider or item.source
    ends = (item.start[:10], item.end[:10])
    return (item.collection, item.symbol, item.interval, *ends, f"{item.rows:,}", provider, item.fetched[:16])


COMMANDS: Final = MappingProxyType(
    {"download": download, "import": import_, "update": update, "data": catalogue, "values": values}
)
"""The commands of market data by name."""

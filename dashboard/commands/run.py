"""``stratoscope run``: computes the spec in a file, without a browser and without a page."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from dashboard.commands.output import print_lines, write_text
from dashboard.jobs.elsewhere import listed
from dashboard.tear_sheet import tear_sheet, walk_sheet
from dashboard.text.format import duration, estimated
from dashboard.text.report import lines
from dashboard.text.restated import plain, sentence, since_run
from engine.backtest.reports.export import equity_csv, trades_csv
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import ConfigError
from engine.core.spec import Action, RunSpec
from engine.jobs import actions, runner
from engine.jobs.requests import load_request
from engine.research.evidence import verdict

LONG = 5.0  # seconds that an action may be estimated to take without a word


def run(args: argparse.Namespace) -> None:
    """The command: prints the key metrics and the run key."""
    try:
        text = Path(args.spec).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{args.spec} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{args.spec} cannot be read: it is not a text file in UTF-8.") from None
    prepare_cache(settings().cache)
    spec = load_request(text)
    if isinstance(spec, Action):
        _perform(spec, args)
        return
    files = _files_asked_for(args, spec)
    if spec.estimate().way:
        _announce(spec)
    with listed(spec) as progress:
        result = runner.run(spec, progress)
    for path, write in files:
        write_text(path, write(spec, result))
    key = runner.run_key(spec)
    found = since_run(key, spec)
    if args.json:
        summary = {"key": key, "label": spec.label(), "summary": dict(result.summary())}
        print(json.dumps({**summary, "restated": [plain(item) for item in found]}))
    else:
        print_lines([*lines(spec, result, key), *([sentence(found)] if found else [])])


def _announce(request: Action | RunSpec) -> None:
    """What it is estimated to take, before it does."""
    cost = request.estimate()
    way = f": {cost.way}" if cost.way else ""
    print(f"About {duration(cost.seconds)}, {estimated(cost.megabytes)}{way}.", file=sys.stderr)


def _perform(action: Action, args: argparse.Namespace) -> None:
    """Perform an action and print its report."""
    if any(getattr(args, name) for name in ("tear_sheet", "equity_csv", "trades_csv")):
        raise ConfigError(f"{args.spec} is an action ('{action.kind}'), which has no tear sheet and no CSV files.")
    if action.estimate().seconds > LONG:
        _announce(action)
    with listed(action) as progress:
        done = actions.perform(action, progress)
    summary = dict(done.report.summary())
    if args.json:
        print(json.dumps({"id": done.id, "label": done.label, "summary": summary}))
    else:
        print(f"{done.label}: done in {done.seconds:.1f} s.")
        print(yaml.safe_dump(summary, sort_keys=False, allow_unicode=True), end="")


def _files_asked_for(args: argparse.Namespace, spec: Any) -> list[tuple[Path, Callable[[Any, Any], str]]]:
    """Where to write what. Raises ``ConfigError``, before anything is computed, for a spec that has no such files."""
    makers: dict[str, Callable[[Any, Any], str]] = {
        "tear_sheet": _tear_sheet,
        "equity_csv": lambda _, result: equity_csv(result),
        "trades_csv": lambda _, result: trades_csv(result),
    }
    files = [(Path(path), make) for name, make in makers.items() if (path := getattr(args, name))]
    is_sheet_alone = all(make is _tear_sheet for _, make in files)
    if files and not isinstance(spec, BacktestSpec) and not (isinstance(spec, WalkForwardSpec) and is_sheet_alone):
        made_of = "Tear sheets are written for backtests and walk-forwards, CSV files for backtests"
        raise ConfigError(f"{made_of}: {args.spec} is a {spec.kind}.")
    return files


def _tear_sheet(spec: Any, result: Any) -> str:
    if isinstance(spec, WalkForwardSpec):
        return walk_sheet(spec, result, runner.run_key(spec))
    return tear_sheet(spec, result, runner.run_key(spec), verdict(spec, result))

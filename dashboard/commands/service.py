"""``stratoscope models`` for models in service: promoted, scored, watched for drift, compared, and their alerts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Final

from dashboard.commands.output import print_lines, table_lines
from dashboard.text.service import Rows, day, decision, difference_rows, drift_rows, outcome, score_rows
from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.jobs import actions, runner
from engine.models.service import promoted, registered
from engine.models.service.promoted import Promoted
from engine.research.service import alerts
from engine.research.service.monitoring.result import MonitorResult
from engine.research.service.requests import comparison, monitor
from engine.research.service.rescoring.spec import Rescore
from engine.research.service.rules import costs_of, rules_of


def _promote(args: argparse.Namespace) -> None:
    found = promoted.promote(args.model, args.role)
    _print_service(args, f"{found.reference} is the {args.role} of {found.name}.")


def _demote(args: argparse.Namespace) -> None:
    found = promoted.demote(args.model)
    _print_service(args, f"{found.reference} is not in service any more.")


def _undo(args: argparse.Namespace) -> None:
    promoted.undo(args.model)
    _print_service(args, f"The last change of the roles of {args.model} has been undone.")


def _service(args: argparse.Namespace) -> None:
    _print_service(args, "")


def _score(args: argparse.Namespace) -> None:
    """Score what is in service, or a version that need not be, which is held to no rule."""
    if args.model:
        found = _monitored(args)
        _print(args, dict(found.summary()), score_rows(found), found.notes)
        return
    done = actions.perform(Rescore(), _progress())
    sentences = outcome(done.report.models, done.report.webhook) or ["No new alert."]
    _print(args, dict(done.report.summary()), [], tuple(sentences))
    if failed := [item for item in done.report.models if item.failed]:
        raise DataError(f"{len(failed)} of {len(done.report.models)} models could not be scored.")


def _drift(args: argparse.Namespace) -> None:
    found = _monitored(args)
    drifts = [*found.inputs, found.output]
    summary = {name: value for name, value in found.summary().items() if name in ("model", "inputs", "output", "notes")}
    _print(args, summary, drift_rows(drifts), found.notes)


def _compare(args: argparse.Namespace) -> None:
    if args.other:
        items = registered.find(args.model), registered.find(args.other)
    else:
        items = promoted.pair(args.model.partition("@")[0])
    spec = comparison(*items, costs_of(rules_of(items[0].name)), "new" if args.new else "all")
    found = runner.run(spec, _progress())
    about = f"{found.scored:,} rows of {found.dates:,} bars, {found.first[:10]} to {found.last[:10]}."
    _print(args, dict(found.summary()), difference_rows(found), (about, decision(found), *found.notes))


def _alerts(args: argparse.Namespace) -> None:
    found = alerts.unseen()
    if args.acknowledge:
        alerts.acknowledge([item.id for item in found])
    rows = [("Since", "Alert"), *((day(item.created), item.sentence) for item in found)] if found else []
    _print(args, {"alerts": [asdict(item) for item in found]}, rows, () if found else ("No alerts.",))


ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = MappingProxyType(
    {
        **{"promote": _promote, "demote": _demote, "undo": _undo, "service": _service, "score": _score},
        **{"drift": _drift, "compare": _compare, "alerts": _alerts},
    }
)


def _monitored(args: argparse.Namespace) -> MonitorResult:
    item = registered.find(args.model)
    found: MonitorResult = runner.run(monitor(item, costs_of(rules_of(item.name))), _progress())
    return found


def _print_service(args: argparse.Namespace, sentence: str) -> None:
    """The ``sentence``, or who is in service."""
    found = promoted.every()
    rows = [("Model", "Role", "Since", "About"), *map(_row, found)] if found else []
    plain = [{"reference": item.item.reference, "role": item.role, "since": item.since} for item in found]
    nothing = "" if found else "No model is in service: promote a registered one."
    _print(args, {"service": plain}, [] if sentence else rows, (sentence or nothing,) if sentence or nothing else ())


def _row(item: Promoted) -> tuple[str, ...]:
    return item.item.reference, item.role, day(item.since), item.item.label


def _print(args: argparse.Namespace, summary: Mapping[str, Any], rows: Rows, sentences: tuple[str, ...]) -> None:
    if args.json:
        print(json.dumps(summary))
    else:
        print_lines([*(table_lines(rows[0], rows[1:]) if rows else []), *sentences])


def _progress() -> Progress:
    return _print_progress if sys.stderr.isatty() else silent


def _print_progress(fraction: float, message: str, _: object = None) -> None:
    if message:
        print(f"\r\033[K{fraction:4.0%} {message}", end="\n" if fraction == 1.0 else "", file=sys.stderr, flush=True)

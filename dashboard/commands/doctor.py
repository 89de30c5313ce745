"""``stratoscope doctor``: examines this machine, and says what to do about what is wrong."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping

from dashboard.commands.output import print_lines
from engine.core.errors import DeviceError
from engine.core.progress import silent
from engine.machine.result import Check, MachineReport, State
from engine.machine.run import examined

_MARKS: Mapping[State, str] = {"passed": "ok", "warning": "warning", "failed": "FAILED", "skipped": "-"}


def doctor(args: argparse.Namespace) -> None:
    """The command. Raises ``DeviceError`` where a check has failed."""
    report = examined(_say if sys.stderr.isatty() else silent)
    if args.json:
        print_lines([json.dumps(report.summary(), indent=2)])
    elif args.all:
        print_lines([report.text()])
    else:
        print_lines(lines(report))
    if failed := report.of_state("failed"):
        raise DeviceError(f"{len(failed)} of {len(report.checks)} checks failed.")


def lines(report: MachineReport) -> list[str]:
    """A line for each check, and below it what to do."""
    width = max((len(check.title) for check in report.checks), default=0)
    return [line for check in report.checks for line in _lines(check, width)]


def _lines(check: Check, width: int) -> list[str]:
    first = f"{_MARKS[check.state]:<8} {check.title:<{width}}  {check.found}"
    return [first, f"{'':<8} {'':<{width}}  -> {check.remedy}"] if check.remedy else [first]


def _say(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
    print(f"\r\033[K{message if fraction < 1 else ''}", end="", file=sys.stderr, flush=True)

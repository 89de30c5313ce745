"""``stratoscope clean``: says what can be removed from the cache, asks, and removes it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dashboard.commands.output import print_lines
from dashboard.text.format import count
from engine.core.config import settings
from engine.core.database import prepare_cache
from engine.core.errors import ConfigError
from engine.core.sizes import size_text
from engine.jobs import housekeeping, runner
from engine.jobs.housekeeping import Plan, Removal
from engine.market import trash
from engine.market.external import stored
from engine.market.importers import uploads

_NONE: Final[Removal[Path]] = Removal()


def clean(args: argparse.Namespace) -> None:
    """The command. Raises ``ConfigError`` where nobody can be asked."""
    prepare_cache(settings().cache)
    age = 0.0 if args.all_results else args.older_than
    planned = housekeeping.plan(
        runner.store(), older_than=age, empty_bin=args.bin, bars=args.bars, old_reports=args.reports
    )
    unused, thrown = uploads.dead(), trash.removable(all=args.trash)
    values = stored.removable(all=args.trash)
    found = lines(planned, _files(unused), Removal(thrown, trash.size(thrown)), _files(values))
    print_lines(found or [f"Nothing to remove from {settings().cache}."])
    if not found or not (args.yes or _agreed()):
        return
    housekeeping.clean(runner.store(), planned)
    uploads.remove_dead()
    trash.empty(thrown)
    for path in values:
        path.unlink(missing_ok=True)
    print("Done.")


def lines(
    planned: Plan,
    unused: Removal[Path] = _NONE,
    thrown: Removal[Path] = _NONE,
    values: Removal[Path] = _NONE,
) -> list[str]:
    """A line for each kind of thing that is removed, and their sum; nothing where there is nothing."""
    rows = [
        (("result",), planned.results, "their runs stay in the library and are computed again when opened"),
        (("result",), planned.orphans, "belong to no run"),
        (("run",), planned.bin, "from the bin, for good"),
        (("left-over file",), planned.leftovers, "from killed processes"),
        (("file of bars", "files of bars"), planned.bars, "must be downloaded or imported again"),
        (("file of an upload", "files of uploads"), unused, "not imported within an hour"),
        (("deleted series", "deleted series"), thrown, "from the trash, for good"),
        (("deleted table of values", "deleted tables of values"), values, "for good"),
        (("report",), planned.reports, "of benchmarks, downloads and imports, for good"),
    ]
    text = [f"{count(len(part.items), *name)}, {size_text(part.size)}: {why}" for name, part, why in rows if part.items]
    total = sum(part.size for part in (*planned.parts, unused, thrown, values))
    return [*text, f"Total: {size_text(total)}."] if text else []


def _agreed() -> bool:
    """Whether the user says yes."""
    if not sys.stdin.isatty():
        raise ConfigError("Nothing was removed: pass --yes when there is no terminal to confirm on.")
    print("Remove them? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _files(paths: Sequence[Path]) -> Removal[Path]:
    return Removal(tuple(paths), sum(map(_bytes, paths)))


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

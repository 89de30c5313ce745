"""``stratoscope clean`` in words: its options, and what it is about to remove."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from dashboard.text.format import count, disk_size

if TYPE_CHECKING:
    from engine.jobs.housekeeping import Plan

HELP = "remove stored results and other files that are not needed"
ABOUT = (
    "Removes results beyond the limit of config.yaml, results that belong to no run, and what killed processes have "
    "left; more where it is asked for. Runs stay in the library with their figures, and opening one computes it again. "
    "What is pinned, tagged or has a note stays, and so does every trial in the ledger."
)
_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_AGE = re.compile(r"(\d{1,5})([hdw])")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--older-than", type=age, metavar="AGE", help="results not used for so long, such as 30d, 12h or 6w"
    )
    which.add_argument("--all-results", action="store_true", help="all results, but for pinned, tagged and noted ones")
    parser.add_argument("--bin", action="store_true", help="empty the bin of the library")
    parser.add_argument(
        "--bars", action="store_true", help="all bars that were downloaded or imported: they must be fetched again"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def age(text: str) -> float:
    """Seconds of ``30d``, ``12h`` or ``6w``. Raises ``argparse.ArgumentTypeError``."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no age: write 12h, 30d or 6w")
    return int(found[1]) * _UNITS[found[2]]


def lines(planned: Plan) -> list[str]:
    """A line for each kind of thing that is removed, and their sum; nothing where there is nothing."""
    rows = [
        (("result",), planned.results, "the runs stay listed and are computed again when they are opened"),
        (("result",), planned.orphans, "of no run"),
        (("run",), planned.bin, "from the bin, for good"),
        (("left-over file",), planned.leftovers, "of processes that were killed"),
        (("file of bars", "files of bars"), planned.bars, "to be downloaded or imported again"),
    ]
    told = [f"{count(len(part.items), *name)}, {disk_size(part.size)}: {why}" for name, part, why in rows if part.items]
    total = sum(part.size for part in planned.parts)
    return [*told, f"Together {disk_size(total)}."] if told else []

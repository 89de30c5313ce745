"""``stratoscope data --versions``: when which bars of a series were stored, and what each version changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from dashboard.commands.output import print_lines
from dashboard.text.restated import detail, largest
from engine.market.bars import Series
from engine.market.known import versions


def print_versions(series: Sequence[Series], as_json: bool) -> None:
    """The versions of each of ``series``, the newest first; a sentence where none of their sources keeps any."""
    kept = 0
    for item in series:
        name = {"collection": item.collection, "symbol": item.symbol, "interval": item.interval}
        every = versions(item)
        kept += len(every)
        for place, version in enumerate(every):
            change = every[place + 1].change if place + 1 < len(every) else None
            if as_json:
                about = {"since": version.since, "until": version.until, "rows": version.rows}
                print(json.dumps({**name, **about, "change": asdict(change) if change else None}))
                continue
            said = ", ".join(filter(None, (detail(change), largest(change)))) if change else "first version"
            stored = version.since[:19].replace("T", " ")
            print_lines(
                [f"{item.symbol} in {item.collection}, {item.interval}: {stored} UTC, {version.rows:,} bars: {said}"]
            )
    if not kept:
        print("No versions are kept of these series: they are the sample's, or read where they lie.", file=sys.stderr)

"""Output of commands: printed lines and written files."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.core.errors import ConfigError


def print_lines(found: Sequence[str]) -> None:
    """A terminal that lacks the minus sign gets a question mark in its place, not an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    print("\n".join(found))


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for the headings and for each row, in columns."""
    every = [headings, *rows]
    widths = [max(len(row[at]) for row in every) for at in range(len(headings))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]


def write_text(path: Path, text: str) -> None:
    """Write a requested file. Raises ``ConfigError`` where that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None

"""Tables of bars for a served model: files as an import reads them, data frames, and rows of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.core.errors import DataError
from engine.core.progress import silent
from engine.market.bars import Bars
from engine.market.importers.choices import Choices
from engine.market.importers.files import files_in, tables
from engine.market.importers.reader import Parsed, read
from engine.market.integrity import require_sound
from engine.models.service.served import ServedModel

Cell = str | float | None
NOTHING = Choices()
"""What leaves every choice to the file."""
COLUMNS = ("time", "symbol", "open", "high", "low", "close", "volume", "adj_close", "splits", "dividends")
"""The columns of a row of JSON; of them ``time`` and ``close`` have to be there."""
_NAMED = 8


def from_file(path: Path, model: ServedModel, choices: Choices = NOTHING) -> tuple[Bars, ...]:
    """The bars in a file of any format that can be imported, a folder or an archive of them, or a workbook. Raises
    ``DataError`` with what is wrong with it, or what has to be chosen.
    """
    found: list[Bars] = []
    for item in tables(files_in([path]), choices, {}, silent, "Reading"):
        if item.parsed is None:
            raise item.error or DataError(f"{path.name} cannot be read.")
        found += _whole(item.parsed, item.part.label)
    return for_model(found, model, path.name)


def from_frame(frame: Any, model: ServedModel, choices: Choices = NOTHING) -> tuple[Bars, ...]:
    """The bars in a pandas frame: times in its index or in a column, the other columns named as those of a file."""
    is_time = frame.index.dtype.kind == "M" or bool(frame.index.name)
    text = frame.to_csv(index=is_time, index_label=(frame.index.name or "time") if is_time else None)
    return _read(text, "the table", model, choices)


def from_rows(rows: Sequence[Mapping[str, Cell]], model: ServedModel, timezone: str = "") -> tuple[Bars, ...]:
    """The bars in rows of JSON: the ``COLUMNS`` that there are, times in ISO 8601, those of the day without an offset
    by the clock of ``timezone``. Raises ``DataError`` for columns that are missing or unknown.
    """
    names = _columns(rows)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    own = () if "symbol" in names else model.spec.market.symbols
    if len(own) > 1:
        raise DataError("The model knows several symbols: each bar of the request needs its 'symbol'.")
    return _read(buffer.getvalue(), "the request", model, Choices("plain", timezone, "".join(own)))


def for_model(bars: Iterable[Bars], model: ServedModel, name: str) -> tuple[Bars, ...]:
    """``bars`` by the interval and the clock of those that the model was trained on. Raises ``DataError`` for bars of
    another interval, or for a symbol that is there twice.
    """
    interval, zone = model.spec.market.interval, model.card.timezone
    found: dict[str, Bars] = {}
    for item in bars:
        about = item.series
        if len(item) > 1 and about.interval != interval:
            raise DataError(
                f"{about.symbol} in {name} has bars of {about.interval}, and the model was trained on bars of "
                f"{interval}: give it those."
            )
        if about.symbol in found:
            raise DataError(f"{about.symbol} is in {name} twice: leave one of them out.")
        found[about.symbol] = replace(item, series=replace(about, interval=interval, timezone=zone or about.timezone))
        require_sound(found[about.symbol])
    return tuple(found.values())


def _read(text: str, name: str, model: ServedModel, choices: Choices) -> tuple[Bars, ...]:
    own = choices if choices.symbol else replace(choices, symbol=model.spec.market.symbols[0])
    return for_model(_whole(read(io.BytesIO(text.encode()), name, own), name), model, name)


def _whole(parsed: Parsed, name: str) -> tuple[Bars, ...]:
    """All bars. Raises ``DataError`` where some rows are none: a prediction from the others would be another one."""
    if parsed.failed:
        raise DataError(next(iter(parsed.failed.values())))
    if parsed.rejected:
        first = parsed.lines[0]
        raise DataError(f"Line {first.line} of {name} is no bar: {first.sentence.removesuffix('.')}.")
    return parsed.bars


def _columns(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    """The columns of ``rows``, which all have them. Raises ``DataError``."""
    found = {name for row in rows for name in row}
    if unknown := sorted(found - set(COLUMNS)):
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        named = ", ".join(f"'{name[:40]}'" for name in unknown[:_NAMED])
        raise DataError(f"A bar has no column {named}{more}. Available: {', '.join(COLUMNS)}.")
    for name in ("time", "close", *(["symbol"] if "symbol" in found else [])):
        lacking = next((place for place, row in enumerate(rows, start=1) if row.get(name) is None), None)
        if lacking is not None:
            raise DataError(f"Bar {lacking} of the request has no '{name}': each needs one.")
    return [name for name in COLUMNS if name in found]


def _cell(value: Cell) -> str:
    """A number as it was sent: a symbol of digits has no point."""
    return "" if value is None else value if isinstance(value, str) else repr(value).removesuffix(".0")

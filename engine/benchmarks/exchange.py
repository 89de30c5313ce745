"""Results of benchmarks as JSON files, to be compared with those of another machine.

A file comes from anywhere: it is bounded in size, and every field is of a stated type and length. Nothing in it is
executed, and text with the marks of HTML, or with signs that cannot be seen, is refused.
"""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from engine.benchmarks.result import BenchmarkResult, WorkloadResult
from engine.core.errors import DataError, SpecError
from engine.core.spec import Spec
from engine.core.visible import Visible, shown

VERSION = 1
LARGEST = 2_000_000
"""Bytes of a file."""
MOST_ROWS = 5_000

_PLAIN = r"^[^<>&]*$"
Name = Annotated[Visible, Field(max_length=160, pattern=_PLAIN)]
Positive = Annotated[float, Field(gt=0, lt=1e9, strict=True)]


class Row(Spec):
    """One variant at one size: seconds, and the rate in ``unit``."""

    work: Name
    variant: Name
    title: Name
    lower: Positive
    median: Positive
    upper: Positive
    rate: Annotated[float, Field(ge=0, lt=1e30, strict=True)]
    unit: Name

    @field_validator("upper")
    @classmethod
    def _in_order(cls, upper: float, told: ValidationInfo) -> float:
        low, middle = (told.data.get(name, upper) for name in ("lower", "median"))
        if not low <= middle <= upper:
            raise ValueError("Quartiles must ascend.")
        return upper


class ResultFile(Spec):
    """What a file holds: the timings of one machine, ``measured`` in seconds since 1970."""

    schema_version: Literal[1]
    machine: Annotated[Visible, Field(max_length=400, pattern=_PLAIN)]
    versions: Annotated[dict[Name, Name], Field(max_length=50)]
    measured: Annotated[float, Field(ge=0, lt=1e11, strict=True)]
    rows: Annotated[tuple[Row, ...], Field(max_length=MOST_ROWS)]

    @field_validator("rows")
    @classmethod
    def _told_once(cls, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        if len({(row.work, row.variant) for row in rows}) < len(rows):
            raise ValueError("A variant is named twice for the same work.")
        return rows


def to_json(result: BenchmarkResult) -> str:
    """The file of a result; what was not timed is left out."""
    found = ResultFile(
        schema_version=1,
        machine=_plain(result.machine, 400),
        versions={_plain(name): _plain(version) for name, version in result.versions.items()},
        measured=result.measured,
        rows=rows(result),
    )
    return found.model_dump_json(indent=1)


def rows(result: BenchmarkResult) -> tuple[Row, ...]:
    """Every timing of a result, the first of those of the same work: suites share some."""
    found: dict[tuple[str, str], Row] = {}
    for row in (row for item in result.results for row in _rows(item)):
        found.setdefault((row.work, row.variant), row)
    return tuple(found.values())


def _plain(text: str, most: int = 160) -> str:
    """``text`` as a file may hold it."""
    return re.sub(r"[<>&]", " ", shown(text))[:most]


def _rows(item: WorkloadResult) -> list[Row]:
    return [
        Row(
            work=_plain(item.labels[size]), variant=_plain(item.variants[row]), title=_plain(item.titles[row]),
            lower=float(item.lower[row, size]), median=float(item.median[row, size]),
            upper=float(item.upper[row, size]), rate=float(item.rate[row, size]), unit=_plain(item.unit),
        )
        for size in range(len(item.sizes))
        for row in range(len(item.variants))
        if math.isfinite(item.median[row, size])
    ]  # fmt: skip


def from_json(data: bytes) -> ResultFile:
    """What a file holds. Raises ``DataError`` with one sentence for anything but a file of ``to_json``."""
    if len(data) > LARGEST:
        raise DataError(f"The file has more than {LARGEST:,} bytes, which no result of benchmarks has.")
    try:
        plain = json.loads(data, parse_constant=_no_number, object_pairs_hook=_named_once)
    except (ValueError, RecursionError):
        raise DataError("This is not a result file: it is not JSON.") from None
    if not isinstance(plain, dict) or "schema_version" not in plain:
        raise DataError("This is not a result file of benchmarks: choose one that Stratoscope has exported.")
    if (version := plain["schema_version"]) != VERSION or isinstance(version, bool):
        raise DataError(f"The file is of another version than {VERSION}: export it again with this version.")
    try:
        return ResultFile.parse(plain)
    except SpecError as error:
        field = shown(error.problems[0][0][:60])
        raise DataError(f"This result file is damaged at '{field}': export it again.") from None


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON, in which programs may read either of two values of the same name."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name appears twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(name)

"""The route by which a browser saves series: one as a CSV or Parquet file in pieces, several as a ZIP archive of them.

A foreign page can make a browser ask for a file here, but never read it.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO

from flask import Flask, Response, request, send_file

from engine.core.errors import DataError, EngineError
from engine.market import catalog, export
from engine.market.bars import Series

PATH = "/series"
MOST = 200
"""Series of one archive."""
MOST_BARS = 20_000_000
"""Bars of one archive."""


def register(server: Flask) -> None:
    """Add the route to ``server``. ``?check=1`` answers with a sentence where the files cannot be made, and no file."""
    server.add_url_rule(PATH, "series-files", _files, methods=["GET"])


def _files() -> Response:
    try:
        format, found = _format(request.args.get("format", "")), _asked(request.args.getlist("series"))
        if request.args.get("check"):
            return Response(status=204)
        return _one(found[0], format) if len(found) == 1 else _archive(found, format)
    except EngineError as error:
        return Response(str(error), status=400, mimetype="text/plain")


def _format(text: str) -> export.Format:
    if text == "csv":
        return "csv"
    if text == "parquet":
        return "parquet"
    raise DataError("A file is csv or parquet.")


def _asked(names: Sequence[str]) -> list[Series]:
    """The series of these names: collection, symbol and interval on a line each. Raises ``DataError``."""
    parts = [name.split("\n") for name in names]
    if not parts or any(len(item) != 3 for item in parts):
        raise DataError("A series is named by its collection, symbol and interval.")
    if len(parts) > MOST:
        raise DataError(
            f"At most {MOST:,} series are saved at once, not {len(parts):,}: use 'stratoscope data export'."
        )
    found = [catalog.find(collection, symbol, interval) for collection, symbol, interval in parts]
    if (bars := sum(item.rows for item in found)) > MOST_BARS:
        raise DataError(f"These are {bars:,} bars, more than the {MOST_BARS:,} of one file: select fewer series.")
    return found


def _one(series: Series, format: export.Format) -> Response:
    bars = catalog.read(series)
    kind = "text/csv" if format == "csv" else "application/vnd.apache.parquet"
    headers = {"Content-Disposition": f'attachment; filename="{export.file_name(bars, format)}"'}
    return Response(export.pieces(bars, format), mimetype=kind, headers=headers)


def _archive(found: Sequence[Series], format: export.Format) -> Response:
    """On disk until it is sent: it may be larger than the memory."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the response
    how = zipfile.ZIP_DEFLATED if format == "csv" else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", how, compresslevel=1) as archive:
        for series in found:
            bars = catalog.read(series)
            with archive.open(_place(archive, series, export.file_name(bars, format)), "w", force_zip64=True) as entry:
                for piece in export.pieces(bars, format):
                    entry.write(piece)
    file.seek(0)
    name = f"series-{datetime.now(UTC):%Y-%m-%d}.zip"
    return send_file(file, mimetype="application/zip", as_attachment=True, download_name=name)


def _place(archive: zipfile.ZipFile, series: Series, name: str) -> str:
    """The name in the archive; in a folder of the collection where another series has it."""
    taken = set(archive.namelist())
    if name not in taken:
        return name
    folder = "".join(sign if sign.isalnum() or sign in " ._-" else "-" for sign in series.collection).strip(" .") or "-"
    stem, _, ending = name.rpartition(".")
    places = [f"{folder}/{name}", *(f"{folder}/{stem}-{at}.{ending}" for at in range(2, MOST + 2))]
    return next(place for place in places if place not in taken)

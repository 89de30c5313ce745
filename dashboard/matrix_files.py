"""The route by which a browser saves the features of a request as a Parquet file.

A foreign page can make a browser ask for a file here, but never read it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Flask, Response, request, send_file

from dashboard import state
from engine.core.errors import DataError, EngineError
from engine.features.export import write_parquet
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.jobs import runner

PATH = "/matrix"


def register(server: Flask) -> None:
    """Add the route to ``server``. ``?check=1`` answers with a sentence where there is no file, and with none."""
    server.add_url_rule(PATH, "matrix-file", _file, methods=["GET"])


def _file() -> Response:
    try:
        matrix = _matrix(request.args.get("spec", ""))
        return Response(status=204) if request.args.get("check") else _parquet(matrix)
    except EngineError as error:
        return Response(str(error), status=400, mimetype="text/plain")


def _matrix(query: str) -> FeatureMatrix:
    """The stored features of a permalink's query: none are computed here."""
    found: FeatureMatrix | None = runner.lookup(FeatureSpec.parse(state.from_query(query)))
    if found is None:
        raise DataError("These features are not stored: open them on the Features page first.")
    return found


def _parquet(matrix: FeatureMatrix) -> Response:
    """On disk until it is sent: it may be larger than the memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.parquet"
        write_parquet(matrix, path)
        file = path.open("rb")  # closed by the response; the name may go before
    kind = "application/vnd.apache.parquet"
    return send_file(file, mimetype=kind, as_attachment=True, download_name="features.parquet")

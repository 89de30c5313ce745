"""Files that are dropped or chosen, sent to the server in slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash.development.base_component import Component

from dashboard import ids
from dashboard.uploads import HEADER, PATH
from engine.core.config import settings
from engine.market.importers.opening import SUFFIXES
from engine.market.importers.uploads import SLICE

BARS = "CSV, Parquet, Feather, Excel, LibreOffice or ZIP"
"""The files that bars are imported from."""

_GIVEN = ("id", "address", "header", "slice", "limit", "suffixes", "kinds", "single")


class UploadZone(Component):
    """A place to drop files (``assets/37_upload.js``), with the list of those that are on their way or there.

    ``value`` are the ids of the files that have arrived, separated by commas, once none is on its way. ``address``,
    ``header``, ``slice`` (bytes) and ``limit`` (megabytes of a file) are those of the server; ``suffixes`` those of
    the files that are taken out of a folder, ``kinds`` names them to the user. A ``single`` zone has one file: the
    last that was given.
    """

    _namespace, _type = "stratoscope", "UploadZone"
    _prop_names = available_properties = [*_GIVEN, "value"]  # noqa: RUF012 - as Dash declares them
    _valid_wildcard_attributes = available_wildcard_properties = []  # noqa: RUF012
    id: ids.Id
    value: str
    address: str
    header: str
    slice: int
    limit: float
    suffixes: Sequence[str]
    kinds: str
    single: bool


def zone(id_: Mapping[str, Any], value: str = "", *, kinds: str = BARS, single: bool = False) -> Component:
    """The zone of this server."""
    limit, suffixes = settings().server.upload_limit_mb, [*SUFFIXES, ".zip", ".gz"]
    server = {"address": PATH, "header": HEADER, "slice": SLICE, "limit": limit}
    return UploadZone(id=id_, value=value, suffixes=suffixes, kinds=kinds, single=single, **server)

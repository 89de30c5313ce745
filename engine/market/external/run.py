"""Executors that look at the values of an uploaded file, and store them."""

from __future__ import annotations

from engine.core.progress import Progress
from engine.jobs.executors import performs
from engine.market.external.cells import cells_of_file
from engine.market.external.importing import ImportedValues, preview, store_cells
from engine.market.external.spec import PreviewValues, StoreValues
from engine.market.importers import uploads


@performs(StoreValues)
def perform(action: StoreValues, progress: Progress) -> ImportedValues:
    """The report. Raises ``UploadError`` where the file is not here, ``DataError`` where it cannot be read."""
    upload = uploads.complete(action.uploads[0])
    progress(0.1, f"Reading {upload.name}.")
    done = store_cells(cells_of_file(upload.path, upload.name), action.request())
    progress(1.0, f"{done.about.rows:,} values stored.")
    return done


@performs(PreviewValues)
def look(action: PreviewValues, progress: Progress) -> ImportedValues:
    """The report that storing the file would give. Raises as ``perform`` does."""
    upload = uploads.complete(action.uploads[0])
    progress(0.1, f"Reading {upload.name}.")
    return preview(upload.path, upload.name, action.request())

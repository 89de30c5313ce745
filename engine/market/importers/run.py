"""Executors of previews and imports of uploaded files."""

from __future__ import annotations

from engine.core.progress import Progress
from engine.jobs.executors import performs
from engine.market.importers import uploads
from engine.market.importers.files import File, ImportReport, Names, import_each
from engine.market.importers.preview import PreviewReport, preview
from engine.market.importers.spec import Import, ImportRequest, Preview


@performs(Import)
def perform(action: Import, progress: Progress) -> ImportReport:
    """The report, file by file. Raises ``UploadError`` where one of the files is not here."""
    return import_each(_files(action), action.collection, action.choices(), _names(action), progress)


@performs(Preview)
def look(action: Preview, progress: Progress) -> PreviewReport:
    """What is in the files. Raises ``UploadError`` where one of them is not here."""
    return preview(_files(action), action.choices(), _names(action), progress)


def _files(request: ImportRequest) -> list[File]:
    found = [uploads.complete(item) for item in request.uploads]
    return [File(item.path, item.name, item.id) for item in found]


def _names(request: ImportRequest) -> Names:
    return {(item.upload, item.part, item.own): item.symbol for item in request.names}

"""Files that arrive in slices: under the server's own ids, within the limits, and gone when nobody uses them."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine.market.importers import uploads
from engine.market.importers.uploads import NoRoom, UnknownUpload, UploadError, UploadTooLarge
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


def uploaded(name: str = "A.csv", data: bytes = b"0123456789") -> uploads.Upload:
    return uploads.append(uploads.begin(name, len(data)).id, 0, data)


def test_slices_arrive_in_order_and_once() -> None:
    begun = uploads.begin("A.csv", 10)
    assert (begun.received, begun.is_complete) == (0, False)
    assert uploads.append(begun.id, 0, b"01234").received == 5
    assert uploads.append(begun.id, 0, b"01234").received == 5
    with pytest.raises(UploadError, match=r"A\.csv is to go on at byte 5, not 7\."):
        uploads.append(begun.id, 7, b"789")
    with pytest.raises(UploadError, match=r"A\.csv has not arrived yet: 5 of 10 bytes are here\."):
        uploads.complete(begun.id)
    found = uploads.append(begun.id, 5, b"56789")
    assert found.path.read_bytes() == b"0123456789"
    assert uploads.complete(begun.id) == found


def test_more_than_was_declared_is_refused() -> None:
    begun = uploads.begin("A.csv", 3)
    with pytest.raises(UploadTooLarge, match="more bytes than the 3 that were declared"):
        uploads.append(begun.id, 0, b"0123")
    assert uploads.find(begun.id).received == 0


def test_the_declared_size_is_held_against_the_limit(workspace: Workspace) -> None:
    workspace.configure("cache: cache\nserver: {upload_limit_mb: 1}\n")
    with pytest.raises(UploadTooLarge, match=r"big\.csv has 2\.0 MB, more than the 1\.0 MB .* server\.upload_limit_mb"):
        uploads.begin("big.csv", 2 << 20)
    with pytest.raises(UploadError, match=r"none\.csv is empty"):
        uploads.begin("none.csv", 0)
    for _ in range(4):
        uploads.begin("A.csv", 1 << 20)
    with pytest.raises(NoRoom, match=r"There is no room for A\.csv: other uploads take 4\.0 MB"):
        uploads.begin("A.csv", 1 << 20)


@pytest.mark.parametrize("name", ["../../../evil.csv", "/etc/passwd", "a\\..\\b", "\x00\n", "x" * 5000])
def test_the_name_is_no_part_of_a_path(workspace: Workspace, name: str) -> None:
    found = uploaded(name)
    assert found.path.parent == workspace.cache / "uploads"
    assert found.path.name == f"{found.id}.data"
    assert "/" not in found.name
    assert len(found.name) <= 120


@pytest.mark.parametrize("id_", ["", "..", "../config", "0" * 32, "g" * 32, "0" * 31 + "/"])
def test_an_id_that_is_none_is_a_sentence(id_: str) -> None:
    for call in (uploads.find, uploads.complete, lambda text: uploads.append(text, 0, b"0")):
        with pytest.raises(UnknownUpload, match="no longer here"):
            call(id_)
    uploads.remove(id_)


def test_a_full_disk_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = uploads.begin("A.csv", 10)
    uploads.append(begun.id, 0, b"01234")
    opened = Path.open

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

        def write(self, data: bytes) -> int:
            self.file.write(data[:2])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda path, *given, **more: Full(opened(path, *given, **more)))
    with pytest.raises(NoRoom, match=r"A\.csv cannot be stored: No space left on device\. Make room"):
        uploads.append(begun.id, 5, b"56789")
    monkeypatch.undo()
    assert uploads.find(begun.id).received == 5
    assert uploads.append(begun.id, 5, b"56789").path.read_bytes() == b"0123456789"


def test_a_disk_without_room_is_known_before_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 300 << 20

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    uploads.begin("A.csv", 1 << 20)
    with pytest.raises(NoRoom, match=r"There is no room for A\.csv: the disk has 300 MB left"):
        uploads.begin("A.csv", 60 << 20)


def test_what_nobody_uses_is_removed_after_an_hour(workspace: Workspace) -> None:
    old, used = uploaded(), uploaded()
    long_ago = time.time() - 2 * uploads.LIFETIME
    for item in (workspace.cache / "uploads").iterdir():
        os.utime(item, (long_ago, long_ago))
    uploads.complete(used.id)
    uploads.remove_dead()
    assert uploads.find(used.id) == used
    with pytest.raises(UnknownUpload):
        uploads.find(old.id)
    uploads.remove(used.id)
    assert list((workspace.cache / "uploads").iterdir()) == []

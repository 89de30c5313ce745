"""Arrays in a zip archive that is not compressed, where they can be memory-mapped in place."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_ALIGNED = 1 << 20  # bytes from which an array is worth the padding
_BOUNDARY = 64
_LOCAL, _ZIP64, _EXTRA = 30, 20, 4  # bytes of the fixed part of a header, of the long sizes, of the head of the padding
_PADDING = 0xD935  # what Android's zipalign calls it
_LIMIT = zipfile.ZIP64_LIMIT


def add(archive: zipfile.ZipFile, name: str, array: Array) -> None:
    """Write ``array`` as the npy file ``name``, in pieces: it is not in memory twice. Large ones begin at a multiple of
    64 bytes of the file. Raises ``ValueError`` for an array of objects.
    """
    info = zipfile.ZipInfo(name)
    info.file_size = array.nbytes + 4096  # decides, before it is written, whether the sizes take eight bytes
    is_long = info.file_size * 1.05 > _LIMIT
    if array.nbytes >= _ALIGNED:
        begin = archive.fp.tell() + _LOCAL + len(name.encode()) + _EXTRA + _ZIP64 * is_long  # type: ignore[union-attr]
        info.extra = struct.pack("<HH", _PADDING, -begin % _BOUNDARY) + bytes(-begin % _BOUNDARY)
    with archive.open(info, "w", force_zip64=is_long) as part:
        np.lib.format.write_array(part, array, allow_pickle=False)


def read(archive: zipfile.ZipFile, name: str) -> Array:
    """The array ``name``, copied into memory. Raises as ``zipfile`` and NumPy do for what is damaged."""
    found: Array = np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
    return found


def mapped(path: Path, archive: zipfile.ZipFile, name: str) -> Array:
    """The array ``name`` of the ``archive`` at ``path``, mapped and read-only if it is large, else as ``read`` gives
    it. Raises as ``read`` does.
    """
    info = archive.getinfo(name)
    if info.file_size < _ALIGNED or info.compress_type != zipfile.ZIP_STORED:
        return read(archive, name)
    with path.open("rb") as file:
        file.seek(info.header_offset)
        head = file.read(_LOCAL)
        if len(head) < _LOCAL or head[:4] != b"PK\x03\x04":
            raise zipfile.BadZipFile(f"{name} has no header.")
        file.seek(info.header_offset + _LOCAL + sum(struct.unpack("<HH", head[26:30])))
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = reader(file)
        if dtype.hasobject:
            raise ValueError(f"{name} holds objects.")
        found: Array = np.memmap(path, dtype, "r", file.tell(), shape, "F" if is_fortran else "C")
    return found

"""Is an audio container consistent with its file? Reads a few bytes at both ends, decodes nothing.

"It opens" is not "it is complete": a header of size 0 opens with no frames, a half-written file with a full
header
reads half without an error.
"""

import os
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

_OPEN_SIZES = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 8, 0x7FFFFFFF - 36)
_MOST_CHUNKS = 200


class Shape(StrEnum):
    """`CONSISTENT`: header and file agree. `OPEN`: still being written, or never closed. `FREE`: the format
    says
    nothing about its end (MP3). `UNKNOWN`: no audio container that we know."""

    CONSISTENT = "consistent"
    OPEN = "open"
    FREE = "free"
    UNKNOWN = "unknown"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Look:
    """What a glance at a file says: stamp and shape in one moment."""

    size_bytes: int
    mtime_ns: int
    inode: int
    device: int
    shape: Shape
    kind: str


def look(path: Path) -> Look:
    """Stat and inspect `path`; raises OSError (also for what is no regular file)."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        kind, shape = _inspect(file, stat.st_size)
    return Look(stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_dev, shape, kind)


def _inspect(file: BinaryIO, size: int) -> tuple[str, Shape]:
    if size == 0:
        return "", Shape.EMPTY
    head = file.read(64)
    magic = head[:4]
    try:
        if magic == b"RIFF" and head[8:12] == b"WAVE":
            return "wav", _riff(file, head, size)
        if magic in (b"RF64", b"BW64") and head[8:12] == b"WAVE":
            return "rf64", _rf64(file, head, size)
        if magic == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
            return "aiff", _aiff(file, head, size)
        if head[:16] == bytes.fromhex("726966662e91cf11a5d628db04c10000"):
            (length,) = struct.unpack_from("<Q", head, 16)
            return "w64", Shape.CONSISTENT if 40 < length <= size else Shape.OPEN
        if magic == b"fLaC":
            return "flac", _flac(head, size)
        if magic == b"OggS":
            return "ogg", _ogg(file, size)
        if head[4:8] == b"ftyp":
            return "m4a", _mp4(file, size)
        if magic[:3] == b"ID3" or (len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
            return "mp3", Shape.FREE if size > 512 else Shape.OPEN
    except struct.error:
        return "", Shape.OPEN
    return "", Shape.UNKNOWN if size >= 64 else Shape.OPEN


def _riff(file: BinaryIO, head: bytes, size: int) -> Shape:
    if not _is_whole(struct.unpack_from("<I", head, 4)[0], size):
        return Shape.OPEN
    return _up_to_samples(file, size, b"data", "<I")


def _rf64(file: BinaryIO, head: bytes, size: int) -> Shape:
    if head[12:16] != b"ds64":
        return Shape.OPEN
    riff, data = struct.unpack_from("<QQ", head, 20)
    if riff == 0 or riff + 8 > size + 1:
        return Shape.OPEN
    return _up_to_samples(file, size, b"data", "<I", told=data)


def _aiff(file: BinaryIO, head: bytes, size: int) -> Shape:
    if not _is_whole(struct.unpack_from(">I", head, 4)[0], size):
        return Shape.OPEN
    # Offset and block size come before the samples.
    return _up_to_samples(file, size, b"SSND", ">I", ahead=8)


def _is_whole(length: int, size: int) -> bool:
    return length not in _OPEN_SIZES and length + 8 <= size + 1


def _up_to_samples(
    file: BinaryIO, size: int, name: bytes, number: str, *, ahead: int = 0, told: int | None = None
) -> Shape:
    """Walk to the samples and say whether all of them are there.

    `ahead`: bytes of their chunk that are no samples; `told`: how many bytes it has, where the chunk cannot say it.
    """
    at = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        chunk = file.read(8)
        if len(chunk) < 8:
            return Shape.OPEN
        (chunk_size,) = struct.unpack_from(number, chunk, 4)
        if chunk[:4] == name:
            held = chunk_size if told is None else told
            return Shape.CONSISTENT if held > ahead and at + 8 + held <= size else Shape.OPEN
        at += 8 + chunk_size + (chunk_size & 1)
    return Shape.OPEN


def _flac(head: bytes, size: int) -> Shape:
    # STREAMINFO: 36 bits of total samples at bit 108 of the block; 0 means the encoder has not come back to
    # it.
    if len(head) < 42:
        return Shape.OPEN
    total = int.from_bytes(head[21:26], "big") & ((1 << 36) - 1)
    least_frame = int.from_bytes(head[12:15], "big")
    return Shape.CONSISTENT if total > 0 and size > 42 + least_frame // 2 else Shape.OPEN


def _ogg(file: BinaryIO, size: int) -> Shape:
    file.seek(max(0, size - 65_536))
    tail = file.read(65_536)
    at = tail.rfind(b"OggS")
    while at >= 0:
        if len(tail) >= at + 27 and len(tail) >= at + 27 + tail[at + 26] and tail[at + 4] == 0:
            body = sum(tail[at + 27 : at + 27 + tail[at + 26]])
            whole = at + 27 + tail[at + 26] + body <= len(tail)
            return Shape.CONSISTENT if tail[at + 5] & 4 and whole else Shape.OPEN
        at = tail.rfind(b"OggS", 0, at)
    return Shape.OPEN


def _mp4(file: BinaryIO, size: int) -> Shape:
    at, found = 0, False
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        atom = file.read(16)
        if len(atom) < 8:
            break
        (length,) = struct.unpack_from(">I", atom)
        if length == 1 and len(atom) == 16:
            (length,) = struct.unpack_from(">Q", atom, 8)
        if length == 0:
            length = size - at
        found = found or atom[4:8] == b"moov"
        if length < 8 or at + length > size:
            return Shape.OPEN
        at += length
        if at == size:
            return Shape.CONSISTENT if found else Shape.OPEN
    return Shape.OPEN

"""The archive writer: entries packed into zips that each open alone, streamed to disk, same data, same bytes."""

import hashlib
import json
import re
import shutil
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_STAMP = (1980, 1, 1, 0, 0, 0)
_STORED = frozenset({".png", ".mp3", ".ogg", ".opus", ".m4a", ".flac", ".wav", ".aif", ".aiff"})
_LEVEL = 6
_LOCAL, _CENTRAL, _END = 30, 46, 22
"""Bytes of the headers of a zip (APPNOTE 6.3.10, 4.3.7, 4.3.12, 4.3.16), names apart."""
_BLOCK = 1 << 20
_RESERVE = 4096
"""Room kept in each part for its manifest's frame."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive: bytes, or where they are read from."""

    name: str
    source: bytes | Path


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that is not in the archive, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    source: bytes | Path
    size: int
    sha256: str
    packed: int
    method: int

    @property
    def cost(self) -> int:
        """Bytes in the zip, headers and the line in the manifest included."""
        encoded = len(self.name.encode())
        return _LOCAL + _CENTRAL + 2 * encoded + self.packed + encoded + 140


@dataclass(frozen=True, slots=True)
class ArchivePlan:
    """What will be written: the parts with their files, and what is left out."""

    parts: tuple[tuple[_Item, ...], ...]
    left_out: tuple[LeftOut, ...]
    readme: str
    about: dict[str, object] = field(default_factory=dict)

    @property
    def files(self) -> int:
        return sum(len(part) for part in self.parts)

    def sizes(self) -> tuple[int, ...]:
        """Return the exact size of each zip, before anything is written."""
        return tuple(_size_of([*part, *self._frame(number)]) for number, part in enumerate(self.parts, 1))

    def _frame(self, number: int) -> tuple[_Item, ...]:
        """Return the two files that every part carries: manifest and README."""
        part = self.parts[number - 1]
        manifest = {
            **self.about,
            "part": number,
            "parts": len(self.parts),
            "files": [{"name": item.name, "size": item.size, "sha256": item.sha256} for item in part],
            "left_out": [{"name": item.name, "reason": item.reason} for item in self.left_out],
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        return _item(Entry("README.txt", self.readme.encode())), _item(Entry("manifest.json", text.encode()))


def safe_name(name: str) -> str:
    """Return a relative name with `/`: no absolute paths, no "..", no control signs, at most 180 bytes.

    >>> safe_name("../a//b:c?.md")
    'a/b_c_.md'
    """
    parts: list[str] = []
    for part in re.split(r"[\\/]+", unicodedata.normalize("NFC", name)):
        cleaned = re.sub(r'[<>:"|?*\x00-\x1f\x7f]', "_", part).strip(" .") if part not in {".", ".."} else ""
        cleaned = "".join(char for char in cleaned if char.isprintable())
        if cleaned:
            parts.append(_cut(cleaned, 120))
    return _cut("/".join(parts) or "file", 180)


def _cut(text: str, most: int) -> str:
    stem, dot, end = text.rpartition(".")
    if not dot or len(end) > 8:
        stem, dot, end = text, "", ""
    room = most - len((dot + end).encode())
    while len(stem.encode()) > room:
        stem = stem[:-1]
    return stem + dot + end


def unique_names(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries under safe names that stay different where case does not count, sorted by name."""
    taken: set[str] = set()
    result: list[Entry] = []
    for entry in sorted(entries, key=lambda item: item.name):
        name = safe_name(entry.name)
        number = 2
        stem, dot, end = name.rpartition(".")
        while name.casefold() in taken:
            name = f"{stem or end}-{number}{dot}{end if dot else ''}"
            number += 1
        taken.add(name.casefold())
        result.append(Entry(name, entry.source))
    return sorted(result, key=lambda item: item.name)


def plan_archive_blocking(
    entries: Iterable[Entry],
    readme: str,
    about: dict[str, object],
    limit: int | None = None,
    left_out: Sequence[LeftOut] = (),
) -> ArchivePlan:
    """Hash and pack in thought: parts of at most `limit` bytes; a file too big for one is left out and named."""
    gone = list(left_out)
    items: list[_Item] = []
    for entry in unique_names(entries):
        try:
            items.append(_item(entry))
        except OSError:
            gone.append(LeftOut(entry.name, "could not be read"))
    parts: list[list[_Item]] = [[]]
    used = 0
    base = _RESERVE + len(readme.encode()) + sum(len(g.name.encode()) + len(g.reason.encode()) + 60 for g in gone)
    for item in items:
        if limit is not None and base + item.cost > limit:
            gone.append(LeftOut(item.name, "too large for one part"))
            base += len(item.name.encode()) + 90
            continue
        if limit is not None and parts[-1] and base + used + item.cost > limit:
            parts.append([])
            used = 0
        parts[-1].append(item)
        used += item.cost
    kept = tuple(tuple(part) for part in parts if part)
    return ArchivePlan(kept, tuple(gone), readme, about)


def write_archive_blocking(plan: ArchivePlan, folder: Path, stem: str) -> list[Path]:
    """Write the parts into `folder` as `<stem>.zip` or `<stem>_part1of3.zip`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number, part in enumerate(plan.parts, 1):
        suffix = f"_part{number}of{len(plan.parts)}" if len(plan.parts) > 1 else ""
        path = folder / f"{stem}{suffix}.zip"
        with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
            for item in sorted((*part, *plan._frame(number)), key=lambda one: one.name):  # noqa: SLF001 - same module
                _write(archive, item)
        paths.append(path)
    return paths


def _write(archive: zipfile.ZipFile, item: _Item) -> None:
    info = zipfile.ZipInfo(item.name, _STAMP)
    info.compress_type = item.method
    info.external_attr = 0o644 << 16
    info.create_system = 3
    info.file_size = item.size
    if isinstance(item.source, bytes):
        archive.writestr(info, item.source, compresslevel=_LEVEL)
        return
    with item.source.open("rb") as source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target, _BLOCK)


def _item(entry: Entry) -> _Item:
    stored = Path(entry.name).suffix.casefold() in _STORED
    if isinstance(entry.source, bytes):
        digest = hashlib.sha256(entry.source).hexdigest()
        packed = len(entry.source) if stored else _deflated(entry.source)
        method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        return _Item(entry.name, entry.source, len(entry.source), digest, packed, method)
    with entry.source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return _Item(entry.name, entry.source, size, digest, size, zipfile.ZIP_STORED)


def _deflated(data: bytes) -> int:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    return len(packer.compress(data)) + len(packer.flush())


def _size_of(items: Sequence[_Item]) -> int:
    return _END + sum(_LOCAL + _CENTRAL + 2 * len(item.name.encode()) + item.packed for item in items)

"""Pictures and audio on disk: what goes with a bounce at once, and what belongs to none any more."""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from bot.actors import OwnerId
from bot.clock import Clock
from storage.repositories.bounces import BounceRepository
from storage.unit import Database

_DAY_S = 86_400
_CONTENT = re.compile(r"[A-Za-z0-9_-]+")
"""What a folder here may be called; the name comes out of the catalogue, which may have been taken over from a file."""
_MEASURED = frozenset({"columns.npy", "peaks.dat"})
"""What only the audio gives, and the audio may be gone by the time somebody restores the bounce."""


class BounceRetention:
    """Told of what went for good; swept daily for what was left when the process ended in between."""

    def __init__(self, database: Database, clock: Clock, media: Path) -> None:
        self._database, self._clock, self._media = database, clock, media

    async def drop(self, contents: Sequence[str]) -> int:
        """Delete pictures, peaks and audio of contents that no bounce of anybody has any more; return how many.

        Of those that others still have, the audio goes of whoever has none any more.
        """
        named = [content for content in dict.fromkeys(contents) if _CONTENT.fullmatch(content)]
        return await self._drop([folder_of(self._media, content) for content in named])

    async def forget(self, owner: OwnerId) -> None:
        """Delete what somebody has sent of files that are not in the catalogue yet."""
        await asyncio.to_thread(_forget_blocking, incoming(self._media), owner)

    async def sweep(self) -> int:
        """Delete what a day ago belonged to no bounce: uploads never finished, what a crash left."""
        before = self._clock.now().timestamp() - _DAY_S
        await asyncio.to_thread(_sweep_incoming_blocking, incoming(self._media), before)
        return await self._drop(await asyncio.to_thread(_media_folders, self._media, before))

    async def _drop(self, folders: Sequence[Path]) -> int:
        async with self._database.system_read() as unit:
            owners = await unit.repo(BounceRepository).owners_of_content([folder.name for folder in folders])
        orphans = [folder for folder in folders if folder.name not in owners]
        left = [folder for folder in folders if folder.name in owners]
        theirs = await asyncio.to_thread(lambda: [one for folder in left for one in _foreign(folder, owners)])
        for folder in (*orphans, *theirs):
            await asyncio.to_thread(shutil.rmtree, folder, True)
        return len(orphans)


def folder_of(media: Path, content_hash: str) -> Path:
    """Return where the small files of a content are."""
    return media / content_hash[:2] / content_hash


def _foreign(folder: Path, owners: Mapping[str, AbstractSet[int]]) -> list[Path]:
    """Return the folders in a content's folder whose owners have no bounce of it any more."""
    known = {str(owner) for owner in owners[folder.name]}
    return [one for one in folder.glob("*") if one.is_dir() and one.name not in known]


def drop_drawn_blocking(media: Path, content_hash: str, owner: OwnerId) -> None:
    """Delete what can be drawn or cut again: a bounce in the bin keeps what was measured and its audio only."""
    if not _CONTENT.fullmatch(content_hash):
        return
    folder = folder_of(media, content_hash)
    for path in (*folder.glob("*"), *(folder / str(owner)).glob("*")):
        if path.is_dir():
            continue
        if path.name not in _MEASURED and not path.name.startswith("audio.") and path.suffix != ".part":
            path.unlink(missing_ok=True)


def incoming(media: Path) -> Path:
    """Return where uploads lie until they are in the catalogue; each begins with its owner (`place_of`)."""
    return media / "incoming"


def place_of(media: Path, owner: OwnerId, name: str) -> Path:
    """Return where one owner's upload lies meanwhile: a file, or a folder of parts."""
    return incoming(media) / f"{owner}-{name}"


def _forget_blocking(folder: Path, owner: OwnerId) -> None:
    for place in folder.glob(f"{owner}-*"):
        _remove_blocking(place)


def _sweep_incoming_blocking(folder: Path, before: float) -> None:
    for place in folder.glob("*"):
        if place.stat().st_mtime < before:
            _remove_blocking(place)


def _remove_blocking(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _media_folders(media: Path, before: float) -> list[Path]:
    """Return the folders of contents that were not touched since `before`."""
    found = [folder for folder in media.glob("[0-9a-f][0-9a-f]/*") if folder.is_dir()]
    return [folder for folder in found if folder.stat().st_mtime < before]

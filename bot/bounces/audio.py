"""Where the audio of a bounce is, and in which form it may go out."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.actors import OwnerId
from bot.bounces.model import Bounce, Slice, Trouble
from bot.bounces.service import BounceService
from bot.bounces.trouble import CannotMeasure
from bot.bounces.worker import WorkerPool
from bot.files import file_in

_PLAYABLE = frozenset({".wav", ".mp3", ".ogg", ".opus", ".flac", ".m4a"})


@dataclass(frozen=True, slots=True)
class AudioFile:
    name: str
    data: bytes


class AudioFinder:
    """Finds files by the paths of the catalogue, or among the kept uploads."""

    def __init__(self, service: BounceService, pool: WorkerPool) -> None:
        self._service, self._pool = service, pool

    async def path(self, owner: OwnerId, bounce: Bounce) -> Path | None:
        """Return a path that still has the file, or None."""
        kept = await asyncio.to_thread(self._kept_blocking, owner, bounce) if bounce.has_audio else []
        paths = [*kept, *(Path(path) for path in await self._service.paths(owner, bounce.id))]
        for path in paths:
            if await asyncio.to_thread(_has_size, path, bounce.facts.size_bytes):
                return path
        return None

    def _kept_blocking(self, owner: OwnerId, bounce: Bounce) -> list[Path]:
        # Others may have the same content: theirs is not handed to whoever names its hash.
        folder = self._pool.own_folder_of(bounce.content_hash, owner)
        found = (file_in(folder, path.name) for path in sorted(folder.glob("audio.*")))
        return [path for path in found if path is not None]

    async def upload(self, owner: OwnerId, bounce: Bounce, most_bytes: int) -> AudioFile | None:
        """Return the file as it is where it fits, else a preview that does, else None.

        Raises CannotMeasure where the audio is gone or cannot be read.
        """
        path = await self.path(owner, bounce)
        if path is None:
            raise CannotMeasure(Trouble.VANISHED)
        if bounce.facts.size_bytes <= most_bytes and path.suffix.casefold() in _PLAYABLE:
            return AudioFile(path.name, await asyncio.to_thread(path.read_bytes))
        to = self._pool.own_folder_of(bounce.content_hash, owner) / f"preview-{most_bytes // 1_000_000}.ogg"
        if not await asyncio.to_thread(to.exists):
            made = await self._pool.preview(path, to, most_bytes)
            if made is None:
                return None
        return AudioFile(to.name, await asyncio.to_thread(to.read_bytes))

    async def cut(self, owner: OwnerId, bounce: Bounce, part: Slice, kind: str = "wav") -> AudioFile | None:
        """Return a slice as WAV or FLAC, or None where the audio is gone. Raises CannotMeasure."""
        path = await self.path(owner, bounce)
        if path is None:
            return None
        to = self._pool.own_folder_of(bounce.content_hash, owner) / f"slice-{part.start_s:.3f}-{part.end_s:.3f}.{kind}"
        if not await asyncio.to_thread(to.exists):
            await self._pool.cut(path, to, part.start_s, part.end_s)
        return AudioFile(to.name, await asyncio.to_thread(to.read_bytes))

    async def keep(self, bounce: Bounce, from_path: Path) -> None:
        """Keep an uploaded file with the bounce."""
        folder = self._pool.own_folder_of(bounce.content_hash, bounce.owner_id)
        target = folder / f"audio{from_path.suffix.casefold()}"
        await asyncio.to_thread(_copy_blocking, from_path, target)


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except OSError:
        return False


def _copy_blocking(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(target.name + ".part")
    with source.open("rb") as reader, part.open("wb") as writer:
        while data := reader.read(1 << 20):
            writer.write(data)
    part.replace(target)

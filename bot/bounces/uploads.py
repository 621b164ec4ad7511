"""Files that come in by hand or from a companion: measured in a worker, then logged through the one door."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.actors import Actor, OwnerId
from bot.bounces.audio import AudioFinder
from bot.bounces.model import EXTENSIONS, BounceSource
from bot.bounces.names import shown_name
from bot.bounces.retention import place_of
from bot.bounces.rules import BounceRules
from bot.bounces.service import BounceService, Finished, Logged
from bot.bounces.worker import WorkerPool
from bot.clock import Clock

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody gave. `post_to`: a channel for its card, None for none."""

    file_name: str
    path: Path
    loop_id: str | None = None
    note: str = ""
    keep_audio: bool = False
    source: BounceSource = BounceSource.UPLOAD
    bounced_at: datetime | None = None
    post_to: int | None = None


class UploadService:
    """Measures and logs uploads; the temporary file is the caller's."""

    def __init__(
        self, service: BounceService, pool: WorkerPool, audio: AudioFinder, rules: BounceRules, clock: Clock
    ) -> None:
        self._service, self._pool, self._audio = service, pool, audio
        self._rules, self._clock = rules, clock

    @property
    def most_bytes(self) -> int:
        return self._rules.max_upload_bytes

    def place(self, owner: OwnerId, key: str, file_name: str) -> Path:
        """Return where an upload may be put meanwhile: a name of our own, the extension kept."""
        suffix = Path(shown_name(file_name)).suffix.casefold()
        suffix = suffix if suffix in EXTENSIONS else ".bin"
        stem = re.sub(r"[^A-Za-z0-9_-]", "", key)[:64] or hashlib.sha256(key.encode()).hexdigest()
        place = place_of(self._pool.media, owner, f"{stem}{suffix}")
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return place

    async def take(
        self, actor: Actor, owner: OwnerId, upload: Upload, *, key: str, progress: Progress | None = None
    ) -> Logged:
        """Measure a file and log it; `key` makes a repeat harmless. Raises CannotMeasure, NotFound."""
        size = (await asyncio.to_thread(upload.path.stat)).st_size
        facts = await self._pool.measure(upload.path, size, progress)
        logged = await self._service.log(
            actor,
            owner,
            Finished(
                file_name=shown_name(upload.file_name),
                facts=facts,
                source=upload.source,
                bounced_at=upload.bounced_at or self._clock.now(),
                loop_id=upload.loop_id,
                note=upload.note,
                has_audio=upload.keep_audio,
                post_to=upload.post_to,
            ),
            key=key,
        )
        if upload.keep_audio:
            await self._audio.keep(logged.bounce, upload.path)
        return logged


def is_audio_name(file_name: str) -> bool:
    """Say whether a name may be audio at all.

    >>> is_audio_name("Mix.WAV"), is_audio_name("notes.txt")
    (True, False)
    """
    return Path(file_name).suffix.casefold() in EXTENSIONS

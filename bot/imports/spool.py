"""Where a file lies between its coming and its use: read by nobody else, and gone soon."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from bot.clock import Clock
from bot.errors import Refused
from bot.imports.model import ImportRules


class Spool:
    """A folder of folders, one an import."""

    def __init__(self, folder: Path, rules: ImportRules, clock: Clock) -> None:
        self.folder = folder
        self._rules = rules
        self._clock = clock

    async def take(self, owner: int, size: int, blocks: AsyncIterator[bytes], name: str = "file") -> Path:
        """Write a file that comes in blocks; return where it lies, in a folder of its own.

        Raises Refused("import_large") before the first byte where `size` says so, and where it comes out larger.
        """
        most = self._rules.bytes_max
        if size > most:
            raise Refused("import_large", most=most >> 20)
        folder = await asyncio.to_thread(self._new_folder_blocking, owner)
        path = folder / name
        written = 0
        try:
            descriptor = await asyncio.to_thread(os.open, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                async for block in blocks:
                    written += len(block)
                    if written > most:
                        raise Refused("import_large", most=most >> 20)
                    await asyncio.to_thread(file.write, block)
        except BaseException:
            await self.drop(folder)
            raise
        return path

    async def drop(self, folder: Path) -> None:
        """Take an import's folder away."""
        await asyncio.to_thread(shutil.rmtree, folder, True)

    async def forget(self, owner: int) -> None:
        """Take away what waits here of somebody who was deleted."""
        for folder in await asyncio.to_thread(lambda: list(self.folder.glob(f"import-{owner}-*"))):
            await self.drop(folder)

    async def sweep(self) -> None:
        """Take away what an import left when the process ended in the middle of it."""
        before = self._clock.now() - timedelta(hours=self._rules.spool_hours)
        await asyncio.to_thread(_sweep_blocking, self.folder, before)

    def _new_folder_blocking(self, owner: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(mkdtemp(prefix=f"import-{owner}-", dir=self.folder))


def _sweep_blocking(parent: Path, before: datetime) -> None:
    for folder in parent.glob("import-*"):
        if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < before:
            shutil.rmtree(folder, ignore_errors=True)

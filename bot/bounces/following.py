"""Follows one folder: watch, settle, scan, gone and back. The same on the bot's machine and on a companion's."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import structlog

from bot.bounces.model import WatchMode
from bot.bounces.rules import BounceRules
from bot.bounces.settler import Settled, Settler
from bot.bounces.trouble import way_of
from bot.bounces.watch import Batch, FolderWatch
from bot.lifecycle import ended

log = structlog.stdlib.get_logger(__name__)
_BACK_S = 5.0
_DEATHS = 2


class Host(Protocol):
    """Whoever deals with the files of a folder that is followed."""

    async def came(self) -> None:
        """Hear that the folder is there and watched, at first and whenever it comes back."""
        ...

    async def went(self) -> None:
        """Hear that the folder is not there or cannot be read; again and again for as long as that lasts."""
        ...

    async def news(self) -> Iterable[Path]:
        """Return what lies there and is not dealt with yet. Raises OSError where the folder cannot be read."""
        ...

    async def decided(self, settled: Settled) -> None:
        """Deal with a path whose fate is known."""
        ...

    async def broke(self, path: Path, error: Exception) -> float:
        """Say so where something broke over a file; return after how many seconds to try it again."""
        ...


class Following:
    """One folder, until cancelled. `mode` is what is really used once it runs.

    `subject`: what the log calls the folder.
    """

    def __init__(
        self,
        root: Path,
        host: Host,
        rules: BounceRules,
        *,
        subject: str,
        mode: WatchMode = WatchMode.AUTO,
        recursive: bool = True,
        ignore: tuple[str, ...] = (),
    ) -> None:
        self.mode = mode
        self.settler: Settler | None = None
        """There while the folder is watched."""
        self.is_broken = False
        """Whether following broke off by a fault of ours, and has not gone well since."""
        self._root, self._host, self._rules, self._subject = root, host, rules, subject
        self._wanted, self._recursive, self._ignore = mode, recursive, ignore
        self._wake = asyncio.Event()
        self._is_root_gone = False
        self._deaths = 0

    @property
    def has_lost_events(self) -> bool:
        """Say whether the folder is only looked at every few seconds, because the watch ended by itself."""
        return self._deaths >= _DEATHS

    def __len__(self) -> int:
        return 0 if self.settler is None else len(self.settler)

    def under(self, folder: Path) -> int:
        """Return how many files right in `folder` are still settling."""
        return 0 if self.settler is None else self.settler.under(folder)

    def again(self, path: Path) -> None:
        """Settle a path once more."""
        if self.settler is not None:
            self.settler.found([path])

    def later(self, path: Path, in_s: float) -> None:
        """Settle a path once more after some time; one that nobody follows then is found by the next scan."""
        if self.settler is not None:
            self.settler.later(path, in_s)

    async def run(self) -> None:
        """Follow, whatever becomes of the folder and of the watch."""
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 - said there
                await self._broke_off(error)

    async def _follow(self) -> None:
        """Follow until the folder goes, the watch ends, or something breaks."""
        if not await asyncio.to_thread(self._root.is_dir):
            await self._went()
            return
        watch = FolderWatch(
            self._root,
            self._take,
            self._rules,
            mode=WatchMode.POLLING if self.has_lost_events else self._wanted,
            recursive=self._recursive,
            ignore=self._ignore,
        )
        try:
            await watch.start()
        except OSError as error:
            log.warning("folder cannot be watched", folder=self._subject, errno=error.errno)
            await self._went()
            return
        try:
            await self._settle_what(watch)
        finally:
            await watch.stop()

    async def _broke_off(self, error: Exception) -> None:
        self.is_broken = True
        log.error("following a folder broke, begun anew", folder=self._subject, again_in_s=_BACK_S, **way_of(error))
        await asyncio.sleep(_BACK_S)

    async def _went(self) -> None:
        await self._host.went()
        await asyncio.sleep(_BACK_S)

    async def _settle_what(self, watch: FolderWatch) -> None:
        """Settle what a running watch tells of, for as long as the folder and the watch are there."""
        self.mode = watch.mode
        await self._host.came()
        self._is_root_gone = False
        settler = Settler(self._root, self._rules, self._host.decided, self._host.broke, is_polling=watch.is_polling)
        self.settler = settler
        settling = asyncio.ensure_future(settler.run())
        settling.add_done_callback(lambda _: self._wake.set())
        try:
            await self._while_there(watch, settler, settling)
        finally:
            self.settler = None
            # Who hears that this has stopped may delete the folder: nothing is written of it any more.
            await ended(settling)
        if not settling.cancelled():
            settling.result()  # it never ends but by breaking

    async def _while_there(self, watch: FolderWatch, settler: Settler, settling: "asyncio.Task[None]") -> None:
        """Scan now and every so often, until the folder goes or nobody watches it any more."""
        loop = asyncio.get_running_loop()
        scan_at = loop.time()
        while not self._is_root_gone:
            if settling.done():
                return
            if loop.time() >= scan_at:
                try:
                    settler.found(await self._host.news())
                except OSError:
                    break
                scan_at = loop.time() + self._rules.rescan_s
            try:
                async with asyncio.timeout(min(self._rules.watch_check_s, self._rules.rescan_s)):
                    await self._wake.wait()
            except TimeoutError:
                if not await asyncio.to_thread(self._root.is_dir):
                    break
                if not watch.is_alive:
                    # Watched anew, with a scan at once; what dies again is looked at every few seconds instead.
                    self._deaths += 1
                    log.warning("the watch on a folder ended by itself", folder=self._subject, times=self._deaths)
                    return
                self.is_broken = False
            else:
                self._wake.clear()
                scan_at = loop.time()
        await self._host.went()

    def _take(self, batch: Batch) -> None:
        if batch.is_root_gone:
            self._is_root_gone = True
            self._wake.set()
        if batch.rescan:
            log.warning("events were lost, scanning", folder=self._subject)
            self._wake.set()
        if self.settler is not None:
            self.settler.take(batch)

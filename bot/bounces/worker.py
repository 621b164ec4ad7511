"""A small pool of resident worker processes with time and memory limits; a crash costs one file."""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from bot.bounces.model import Facts, Trouble
from bot.bounces.rules import BounceRules
from bot.bounces.trouble import CannotMeasure
from bot.files import OutsideRoot, content_folder, measured_file, own_folder

Progress = Callable[[float], None]
_log = logging.getLogger(__name__)
_START_S = 60.0
_MOST_S = 120.0
_DRAW_WITHIN_S = 60.0


class WorkerPool:
    """Hands requests to `rules.workers` processes, in the order they came."""

    def __init__(self, rules: BounceRules, media: Path, count: int | None = None) -> None:
        self._rules, self.media = rules, media
        self._count = count or rules.workers
        self._workers = [_Worker(rules) for _ in range(self._count)]
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        for worker in self._workers:
            self._idle.put_nowait(worker)

    async def start(self) -> None:
        """Start the processes that do not run yet, so that they import their libraries before the first request.

        Without it each starts with its first request: a studio without bounces pays for none.
        """
        for _ in range(self._idle.qsize()):
            worker = self._idle.get_nowait()
            try:
                await worker.start_unless_running()
            finally:
                self._idle.put_nowait(worker)

    async def stop(self) -> None:
        """End the processes; running work is lost and found again by its row."""
        await asyncio.gather(*(worker.stop() for worker in self._workers))

    async def measure(self, path: Path, size_bytes: int, progress: Progress | None = None) -> Facts:
        """Measure `path`; peaks and columns land in the media folder. Raises CannotMeasure."""
        limit = min(_MOST_S, self._rules.worker_time_s + self._rules.worker_time_per_minute_s * size_bytes / 1e7)
        request = {"op": "measure", "path": str(path), "folder": str(self.media)}
        return Facts.from_dict(await self.ask(request, limit, progress))

    async def draw(self, kind: str, view: Mapping[str, object], to: Path) -> bytes:
        """Draw a picture into `to` and return it. Raises CannotMeasure."""
        await self.ask({"op": "draw", "kind": kind, "view": view, "to": str(to)}, _DRAW_WITHIN_S)
        return await asyncio.to_thread(to.read_bytes)

    async def preview(self, path: Path, to: Path, most_bytes: int) -> Path | None:
        """Transcode to what fits `most_bytes`, or None."""
        made = await self.ask({"op": "preview", "path": str(path), "to": str(to), "most_bytes": most_bytes}, _MOST_S)
        return to if made.get("file") else None

    async def cut(self, path: Path, to: Path, start_s: float, end_s: float) -> Path:
        """Cut a part of `path` into `to`."""
        request = {"op": "slice", "path": str(path), "to": str(to), "start_s": start_s, "end_s": end_s}
        await self.ask(request, _MOST_S)
        return to

    async def ask(
        self, request: Mapping[str, object], limit_s: float, progress: Progress | None = None
    ) -> dict[str, object]:
        """Send one request to the next free worker and return its answer. Raises CannotMeasure."""
        worker = await self._idle.get()
        try:
            return await worker.ask(request, limit_s, progress)
        finally:
            self._idle.put_nowait(worker)

    def folder_of(self, content_hash: str) -> Path:
        """Return where the small files of a bounce are."""
        try:
            return content_folder(self.media, content_hash)
        except OutsideRoot as error:
            raise CannotMeasure(Trouble.VANISHED) from error

    def own_folder_of(self, content_hash: str, owner: int) -> Path:
        """Return where an owner's audio of a bounce is, and what is made of that."""
        try:
            return own_folder(self.media, content_hash, owner)
        except OutsideRoot as error:
            raise CannotMeasure(Trouble.VANISHED) from error

    def columns_of(self, content_hash: str, owner: int) -> Path:
        """Return the file that pictures of an owner's bounce are drawn from."""
        try:
            return measured_file(self.media, content_hash, owner, "columns.npy")
        except OutsideRoot as error:
            raise CannotMeasure(Trouble.VANISHED) from error


def worker_environment() -> dict[str, str]:
    """Return what a worker process is started with."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return {
        **os.environ,
        "PYTHONPATH": paths,
        # Two workers are the parallelism; more threads for products this small only get in each other's way.
        "OPENBLAS_NUM_THREADS": "1",
        # glibc gives blocks of this size back to the system after each use; a hundred thousand page faults a file.
        "MALLOC_MMAP_THRESHOLD_": "100000000",
        "MALLOC_TRIM_THRESHOLD_": "100000000",
        "MALLOC_TOP_PAD_": "4000000",
    }


class _Worker:
    def __init__(self, rules: BounceRules) -> None:
        self._rules = rules
        self._process: asyncio.subprocess.Process | None = None
        self._is_ready = False

    async def start_unless_running(self) -> None:
        if self._process is not None and self._process.returncode is None:
            return
        self._is_ready = False
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.bounces.worker_main",
            self._rules.model_dump_json(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=worker_environment(),
            limit=1 << 22,
        )

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(0.5):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def ask(self, request: Mapping[str, object], limit_s: float, progress: Progress | None) -> dict[str, object]:
        """Send a request; on a crash or past the limit the process is replaced and CannotMeasure raised."""
        try:
            await self.start_unless_running()
            if not self._is_ready:
                async with asyncio.timeout(_START_S):
                    await self._answer(None)
                self._is_ready = True
            process = cast(asyncio.subprocess.Process, self._process)
            if process.stdin is None:
                raise ConnectionError
            process.stdin.write((json.dumps(request) + "\n").encode())
            await process.stdin.drain()
            async with asyncio.timeout(limit_s):
                answer = await self._answer(progress)
        except TimeoutError:
            await self._kill("timed out", request)
            raise CannotMeasure(Trouble.TIMED_OUT) from None
        except (ConnectionError, EOFError, ValueError) as error:
            await self._kill(type(error).__name__, request)
            raise CannotMeasure(Trouble.DECODER_CRASHED) from None
        except (Exception, asyncio.CancelledError) as error:
            # Cancelled, or the listener to progress broke: the answer still owed must not become another's.
            await self._kill(type(error).__name__, request)
            raise
        if "trouble" in answer:
            raise CannotMeasure(Trouble(str(answer["trouble"])), str(answer.get("detail", "")))
        return cast(dict[str, object], answer["ok"])

    async def _answer(self, progress: Progress | None) -> dict[str, object]:
        process = self._process
        if process is None or process.stdout is None:
            raise EOFError
        while True:
            line = await process.stdout.readline()
            if not line:
                raise EOFError
            data = cast(dict[str, object], json.loads(line))
            if "progress" not in data:
                return data
            if progress is not None:
                progress(float(cast(float, data["progress"])))

    async def _kill(self, why: str, request: Mapping[str, object]) -> None:
        _log.warning("bounce worker replaced: %s during %s", why, request.get("op"))
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

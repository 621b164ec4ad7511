"""The queue of exports: made, taken, tried again, put away. The documents themselves are made in `exports.py`."""

from dataclasses import dataclass

import structlog

from bot.actors import Actor, OwnerId
from bot.ai.model import Asker
from bot.errors import BotError, Gone, Refused
from bot.loops.dates import local_day
from bot.loops.exports import ExportDraft, ExportResult, export, file_stem, notebook
from bot.loops.model import ClipId, Export, ExportId, ExportState, ExportTarget, Loop
from bot.loops.ports import Say
from bot.loops.readings import ReadingService
from bot.loops.store import LoopStore
from storage.failures import STORE_FAILURES
from storage.repositories.loop_sets import ExportRepository

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MadeExport:
    """An export with its loop and the file that people get."""

    loop: Loop
    export: Export
    file_name: str
    file_text: str


class ExportService:
    """Make exports and keep their history. Nothing leaves Discord by itself."""

    def __init__(self, store: LoopStore, readings: ReadingService) -> None:
        self._store = store
        self._rules = store.rules
        self._readings = readings

    async def make(
        self,
        actor: Actor,
        owner: OwnerId,
        loop_id: str,
        target: ExportTarget,
        asker: Asker,
        say: Say,
        *,
        clip_id: str | None = None,
    ) -> MadeExport:
        """Queue an export and make it at once; one that cannot be made stays in the queue with Retry."""
        now = self._store.now
        view = await self._store.view(owner, loop_id)
        async with self._store.database.write(actor, owner, "loop.export") as unit:
            queued = await unit.repo(ExportRepository).add(
                Export(
                    ExportId(unit.new_id()),
                    view.loop.id,
                    ClipId(clip_id) if clip_id else None,
                    target,
                    {},
                    "",
                    view.momentum.score,
                    False,
                    ExportState.QUEUED,
                    0,
                    actor.name,
                    now,
                )
            )
        return await self._fill(actor, owner, queued, asker, say)

    async def retry(self, actor: Actor, owner: OwnerId, export_id: str, asker: Asker, say: Say) -> MadeExport:
        """Try a failed export again, three times at most."""
        found = await self._get(owner, export_id)
        if found.attempts > self._rules.exports.retries:
            raise Refused("loop_export_retries", limit=self._rules.exports.retries)
        async with self._store.database.write(actor, owner, "loop.export_state") as unit:
            moved = await unit.repo(ExportRepository).move(export_id, [ExportState.FAILED], ExportState.QUEUED)
        if not moved and found.state is not ExportState.QUEUED:
            return await self.open(actor, owner, export_id)
        return await self._fill(actor, owner, found, asker, say)

    async def open(self, actor: Actor, owner: OwnerId, export_id: str) -> MadeExport:
        """Return an export that was made, and mark it taken."""
        await self._get(owner, export_id)
        async with self._store.database.write(actor, owner, "loop.export_state") as unit:
            await unit.repo(ExportRepository).move(
                export_id, [ExportState.READY], ExportState.TAKEN, taken_at=self._store.now
            )
        return await self._made(owner, await self._get(owner, export_id))

    async def archive(self, actor: Actor, owner: OwnerId, export_id: str) -> str:
        """Put an export away; return the group for its Undo."""
        async with self._store.database.write(actor, owner, "loop.export_state") as unit:
            states = [ExportState.READY, ExportState.TAKEN]
            if not await unit.repo(ExportRepository).move(export_id, states, ExportState.ARCHIVED):
                raise Gone("loop_export_gone")
            return unit.group_id

    async def page(self, owner: OwnerId, offset: int, limit: int) -> tuple[list[Export], int]:
        """Return the queue and history, newest first, and how many there are."""
        async with self._store.database.read(owner) as unit:
            return await unit.repo(ExportRepository).page(offset, limit)

    async def _fill(self, actor: Actor, owner: OwnerId, queued: Export, asker: Asker, say: Say) -> MadeExport:
        attempts = queued.attempts + 1
        try:
            result, ai_written, score = await self._draw_up(actor, owner, queued, asker, say)
        except (BotError, *STORE_FAILURES) as error:
            log.warning("export could not be made", target=queued.target.value)
            async with self._store.database.write(actor, owner, "loop.export_state") as unit:
                await unit.repo(ExportRepository).move(
                    queued.id, [ExportState.QUEUED], ExportState.FAILED, attempts=attempts, error="not made"
                )
            raise error
        async with self._store.database.write(actor, owner, "loop.export_state") as unit:
            await unit.repo(ExportRepository).move(
                queued.id,
                [ExportState.QUEUED],
                ExportState.READY,
                attempts=attempts,
                payload=dict(result.payload),
                document=result.document,
                ai_written=ai_written,
                score=score,
                error=None,
            )
        return await self._made(owner, await self._get(owner, queued.id))

    async def _draw_up(
        self, actor: Actor, owner: OwnerId, queued: Export, asker: Asker, say: Say
    ) -> tuple[ExportResult, bool, float]:
        summary = await self._readings.summary(actor, owner, queued.loop_id, asker, say, clip_id=queued.clip_id)
        view = await self._store.view(owner, queued.loop_id)
        tips = await self._readings.tip_texts(owner, queued.loop_id, say)
        draft = ExportDraft(
            view.plan,
            view.sequenced,
            view.momentum,
            summary.text,
            tips,
            local_day(view.now, view.loop.timezone),
            view.plan.clip(queued.clip_id) if queued.clip_id else None,
        )
        result = export(draft, queued.target, say, self._rules)
        return result, summary.origin.is_ai, view.momentum.score

    async def _made(self, owner: OwnerId, found: Export) -> MadeExport:
        async with self._store.database.read(owner) as unit:
            loop = await self._store.loop_in(unit, found.loop_id)
            text = found.document
            if found.target is ExportTarget.ANALOGUE:
                text = notebook(await unit.repo(ExportRepository).notebook(found.loop_id)) or text
        ending = "txt" if found.target is ExportTarget.XP else "md"
        return MadeExport(loop, found, f"loopos-to-{found.target.value}-{file_stem(loop.name)}.{ending}", text)

    async def _get(self, owner: OwnerId, export_id: str) -> Export:
        async with self._store.database.read(owner) as unit:
            found = await unit.repo(ExportRepository).get(export_id)
        if found is None:
            raise Gone("loop_export_gone")
        return found

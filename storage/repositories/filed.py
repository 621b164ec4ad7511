"""What is filed under which client, over all tables that can be: what belongs together is filed together."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from storage.base import Base, Filed
from storage.repositories.assignments import AssignmentRepository
from storage.tables import load_all
from storage.tables.bounces import BounceRow
from storage.tables.loops import LoopRow
from storage.tables.missions import MissionRow
from storage.tables.releases import ReleaseRow
from storage.unit import Repository, Unit, UnitT

KINDS: dict[str, Any] = {"loop": LoopRow, "release": ReleaseRow, "bounce": BounceRow, "mission": MissionRow}


class FiledRepository(Repository[UnitT]):
    """Files this server's things under its clients."""

    async def file(self: "FiledRepository[Unit]", kind: str, thing_id: str, client_id: str | None) -> bool:
        """File a thing, a loop with its releases and bounces, a release with its loop; False where there is none."""
        rows = await self._rows(KINDS[kind], KINDS[kind].id == thing_id)
        if not rows:
            return False
        loops = [thing_id] if kind == "loop" else [row.loop_id for row in rows if kind == "release"]
        for table in (ReleaseRow, BounceRow):
            rows += await self._rows(table, table.loop_id.in_(loops))
        rows += await self._rows(LoopRow, LoopRow.id.in_(loops))
        for row in rows:
            row.client_id = client_id
        await self.writing.flush()
        plans = [row.id for row in rows if isinstance(row, LoopRow)]
        await self.unit.repo(AssignmentRepository).follow(plans, client_id)
        return True

    async def unfile_all(self: "FiledRepository[Unit]", client_id: str) -> None:
        """Let everything of a client be without one."""
        load_all()
        plans = [row.id for row in await self._rows(LoopRow, LoopRow.client_id == client_id)]
        for mapper in Base.registry.mappers:
            if issubclass(mapper.class_, Filed):
                for row in await self._rows(mapper.class_, mapper.class_.client_id == client_id):
                    row.client_id = None
        await self.writing.flush()
        await self.unit.repo(AssignmentRepository).follow(plans, None)

    async def _rows(self, table: Any, condition: Any) -> list[Any]:
        found: Sequence[Any] = (await self.session.execute(select(table).where(condition))).scalars().all()
        return list(found)

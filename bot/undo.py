"""Undo for every area: by group of changes, by its actor, within ten minutes or at any time for missions."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.actors import Actor, OwnerId
from bot.changes import ChangeGroup
from bot.errors import AlreadyDone, NotAllowed, Refused
from bot.merging import FormOf, Overtaken, overtaken
from bot.rules import Rules, load_rules
from storage.repositories.changes import ChangeRepository
from storage.unit import Database, Unit

Derive = Callable[[Unit, OwnerId, ChangeGroup], Awaitable[None]]


class UndoRules(Rules):
    """Section [ui] of rules.toml, as far as undo needs it."""

    model_config = Rules.model_config | {"extra": "ignore"}

    undo_minutes: int


class ChangeService:
    """History and undo. What is put back is a change like any other: posted cards and open panels follow it."""

    def __init__(self, database: Database, derive: Derive | None = None) -> None:
        """`derive`: brings in line, in the same transaction, what was derived from what was put back."""
        self._database = database
        self._rules = load_rules("ui", UndoRules)
        self._derive = derive

    async def undo(
        self, actor: Actor, owner: OwnerId, group_id: str, *, any_time: bool = False, anyone: bool = False
    ) -> ChangeGroup:
        """Put back what a group of changes did; recorded as a change by `actor`.

        `anyone`: the caller checked that this person may undo changes of others (a manager on server settings,
        an owner on what AI did). Raises Refused("undo_gone" or "undo_late"), AlreadyDone, NotAllowed, ChangedSince.
        """
        async with self._database.write(actor, owner, "undo") as unit:
            changes = unit.repo(ChangeRepository)
            group = await changes.group(group_id)
            if group is None:
                raise Refused("undo_gone")
            if group.is_undone:
                raise AlreadyDone("already_undone", what=group.operation)
            if group.actor_reference != actor.reference and not anyone:
                raise NotAllowed("undo_not_yours", who=group.actor_name)
            if not any_time and unit.now - group.at > timedelta(minutes=self._rules.undo_minutes):
                raise Refused("undo_late", minutes=self._rules.undo_minutes)
            await changes.put_back(group)
            if self._derive is not None:
                await self._derive(unit, owner, group)
        return group

    async def recent(self, actor: Actor, owner: OwnerId) -> list[ChangeGroup]:
        """Return what this actor changed in the last ten minutes and has not undone, newest first."""
        async with self._database.read(owner) as unit:
            since = unit.now - timedelta(minutes=self._rules.undo_minutes)
            groups = await unit.repo(ChangeRepository).recent(since, actor.reference)
        return [group for group in groups if not group.is_undone and group.operation != "undo"]

    async def overtaken(
        self, owner: OwnerId, group_id: str, thing_id: str, shown: Mapping[str, str], form: FormOf
    ) -> list[Overtaken]:
        """Return the fields that a change from a form set anew after somebody else had set them meanwhile."""
        async with self._database.read(owner) as unit:
            history = await unit.repo(ChangeRepository).of_entity(form.entity, thing_id)
        return overtaken(history, group_id, shown, form.reads)

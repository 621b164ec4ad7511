"""Who did something to a row of a loop, from the history: what somebody who came too late is told."""

from collections.abc import Callable

from bot.actors import Actor
from bot.changes import RecordedChange
from bot.merging import Row
from storage.repositories.changes import ChangeRepository
from storage.unit import Reading

Did = Callable[[Row | None, Row | None], bool]
"""Tells from a row before and after whether this change did it."""


def removed(before: Row | None, after: Row | None) -> bool:
    return before is not None and after is None


def changed(column: str) -> Did:
    """Return what tells whether a change gave a column another value."""

    def did(before: Row | None, after: Row | None) -> bool:
        return before is not None and after is not None and before.get(column) != after.get(column)

    return did


async def who_did(unit: Reading, entity: str, entity_id: str, did: Did) -> RecordedChange | None:
    """Return the last change that did something to a row of this owner; None where it is not known to who looks."""
    for one in await unit.repo(ChangeRepository).of_entity(entity, entity_id):
        if did(one.change.before, one.change.after):
            return one
    return None


async def other_who_did(unit: Reading, actor: Actor, entity: str, entity_id: str, did: Did) -> RecordedChange | None:
    """Return the last change that did something, where it was somebody else's."""
    found = await who_did(unit, entity, entity_id, did)
    return None if found is None or found.actor_reference == actor.reference else found

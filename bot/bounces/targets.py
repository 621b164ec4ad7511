"""Which loudness somebody aims at: theirs to pick, and shown only then."""

from dataclasses import dataclass

from bot.actors import Actor, OwnerId
from bot.bounces.rules import BounceRules
from bot.errors import Refused
from storage.repositories.studio import SettingsRepository
from storage.unit import Database

_SECTION = "bounces"


@dataclass(frozen=True, slots=True)
class Target:
    """A loudness to aim at; `name` is a string key `bounce.target.<name>`."""

    name: str
    lufs: float


class TargetService:
    """One person's choice among the targets of the rules, or none."""

    def __init__(self, database: Database, rules: BounceRules) -> None:
        self._database = database
        self.known = tuple(Target(name, lufs) for name, lufs in rules.targets_lufs.items())

    async def get(self, owner: OwnerId) -> Target | None:
        """Return what the owner picked; None, too, for a target that is no longer offered."""
        async with self._database.read(owner) as unit:
            value = await unit.repo(SettingsRepository).get(_SECTION) or {}
        return self._named(value.get("target"))

    async def choose(self, actor: Actor, owner: OwnerId, name: str | None) -> str:
        """Pick a target by name, or none; return what Undo needs. Raises Refused("bounce_target")."""
        if name is not None and self._named(name) is None:
            raise Refused("bounce_target")
        async with self._database.write(actor, owner, "bounce.target") as unit:
            settings = unit.repo(SettingsRepository)
            value = await settings.get(_SECTION) or {}
            await settings.put(_SECTION, {**value, "target": name})
            return unit.group_id

    def _named(self, name: object) -> Target | None:
        return next((target for target in self.known if target.name == name), None)

"""Settings of servers and people, who may do what, inbox, privacy: one door for everything that is not an area."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from bot.actors import Actor
from bot.clock import Clock
from bot.errors import NotAllowed
from bot.studio.model import Guild, GuildSettings, InboxNote, Person, PersonSettings
from storage.privacy import PrivacyRepository
from storage.repositories.studio import (
    FactRepository,
    GuildRepository,
    InboxRepository,
    PersonRepository,
    RequestRepository,
    SettingsRepository,
)
from storage.unit import Database

SettingsT = TypeVar("SettingsT", bound=BaseModel)

GUILD = "guild"
PERSON = "person"
_KEPT = 2_000
DELETIONS = "deletions"
"""Fact: people whose data was deleted, to be deleted again after a restore."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What Discord says of somebody where they act: `roles` of the member and the permission Manage Server."""

    user_id: int
    guild_id: int | None = None
    roles: frozenset[int] = frozenset()
    can_manage_server: bool = False


@dataclass(frozen=True, slots=True)
class Saved(Generic[SettingsT]):
    """A setting was saved; `group_id` is what Undo needs (None: nothing was changed)."""

    settings: SettingsT
    group_id: str | None


class StudioService:
    """Everything about servers and people that areas share."""

    def __init__(self, database: Database, clock: Clock, operators: Sequence[int] = ()) -> None:
        self._database = database
        self._clock = clock
        self._operators = frozenset(operators)
        self._listeners: list[Callable[[int], Awaitable[None]]] = []
        self._kept: dict[tuple[str, object], tuple[int, Any]] = {}

    def listen(self, listener: Callable[[int], Awaitable[None]]) -> None:
        """Be told of people whose own settings were saved."""
        self._listeners.append(listener)

    # ------------------------------------------------------------------ who may

    def is_operator(self, user_id: int) -> bool:
        return user_id in self._operators

    async def is_manager(self, who: Standing) -> bool:
        """Manage Server, or the manager role of the settings."""
        if who.guild_id is None:
            return False
        if who.can_manage_server:
            return True
        settings = await self.guild_settings(who.guild_id)
        return settings.manager_role is not None and settings.manager_role in who.roles

    async def require_manager(self, who: Standing) -> None:
        """Raise NotAllowed("need_manager") for anybody else."""
        if not await self.is_manager(who):
            raise NotAllowed("need_manager")

    def require_operator(self, user_id: int) -> None:
        if not self.is_operator(user_id):
            raise NotAllowed("need_operator")

    async def is_approver(self, who: Standing) -> bool:
        if who.guild_id is None:
            return False
        settings = await self.guild_settings(who.guild_id)
        return settings.approver_role is not None and settings.approver_role in who.roles

    # ------------------------------------------------------------------ settings

    async def guild_settings(self, guild_id: int) -> GuildSettings:
        return await self._settings(guild_id, GUILD, GuildSettings)

    async def person_settings(self, user_id: int) -> PersonSettings:
        return await self._settings(user_id, PERSON, PersonSettings)

    async def all_guild_settings(self) -> dict[int, GuildSettings]:
        """Return the settings of every server that has some, by its id."""
        async with self._database.system_read() as unit:
            found = await unit.repo(SettingsRepository).all_owners(GUILD)
        return {guild_id: GuildSettings.model_validate(value) for guild_id, value in found.items()}

    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        """Return the person's zone, else the server's, else UTC."""
        guild = await self.guild_settings(guild_id) if guild_id is not None else None
        return (await self.person_settings(user_id)).zone(guild)

    async def save_guild(self, actor: Actor, who: Standing, guild_id: int, **values: Any) -> Saved[GuildSettings]:
        """Change settings of a server; managers only. Raises NotAllowed, pydantic's ValidationError."""
        await self.require_manager(who)
        if who.guild_id != guild_id:
            raise NotAllowed("need_manager")  # a manager of another server
        return await self._save(actor, guild_id, GUILD, GuildSettings, values)

    async def save_person(self, actor: Actor, user_id: int, **values: Any) -> Saved[PersonSettings]:
        """Change a person's own settings."""
        result = await self._save(actor, user_id, PERSON, PersonSettings, values)
        if result.group_id is not None:
            for listener in self._listeners:
                await listener(user_id)
        return result

    async def _settings(self, owner: int, section: str, model: type[SettingsT]) -> SettingsT:
        async def read() -> SettingsT:
            async with self._database.read(owner) as unit:
                value = await unit.repo(SettingsRepository).get(section)
            return model.model_validate(value or {})

        if self._database.open_unit is not None:
            return await read()  # it sees what is not committed yet
        found: SettingsT = await self._keep("settings", (owner, section), read)
        return found

    async def _keep(self, table: str, key: object, read: Callable[[], Awaitable[Any]]) -> Any:
        """Read once and keep it until somebody writes to the table; almost every command asks for settings."""
        version = self._database.versions.of(table)
        known = self._kept.get((table, key))
        if known is not None and known[0] == version:
            return known[1]
        value = await read()
        if version is not None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[table, key] = (version, value)
        return value

    async def _save(
        self, actor: Actor, owner: int, section: str, model: type[SettingsT], values: Mapping[str, Any]
    ) -> Saved[SettingsT]:
        async with self._database.write(actor, owner, f"settings.{section}") as unit:
            settings = unit.repo(SettingsRepository)
            old = model.model_validate(await settings.get(section) or {})
            new = model.model_validate({**old.model_dump(), **values})
            if new == old:
                return Saved(new, None)
            await settings.put(section, new.model_dump(mode="json"))
            return Saved(new, unit.group_id)

    # ------------------------------------------------------------------ people and servers

    async def seen(self, user_id: int, name: str, locale: str | None) -> int:
        """Note that a person used the bot; return how many inbox notes they have not been told of."""
        async with self._database.read(user_id) as unit:
            person = await unit.repo(PersonRepository).get()
            waiting = await unit.repo(InboxRepository).unannounced()
        stale = person is None or unit.now - person.last_seen_at > timedelta(minutes=10) or person.name != name
        if stale or waiting:
            async with self._database.write(Actor.user(user_id, name), user_id, "person.seen") as unit:
                await unit.repo(PersonRepository).seen(name, locale)
                waiting = await unit.repo(InboxRepository).announce()
        return waiting

    async def person(self, user_id: int) -> Person | None:
        async with self._database.read(user_id) as unit:
            return await unit.repo(PersonRepository).get()

    async def joined(self, guild_id: int, name: str, locale: str | None) -> bool:
        """Note that the bot is in a server; True when it is new or came back."""
        async with self._database.system_write("guild.joined") as unit:
            return await unit.repo(GuildRepository).joined(guild_id, name, locale)

    async def welcomed(self, guild_id: int) -> bool:
        """Note that a server is being greeted; False where it was, since it joined: then it is not again."""
        async with self._database.system_write("guild.welcomed") as unit:
            return await unit.repo(GuildRepository).welcomed(guild_id)

    async def left(self, guild_id: int) -> None:
        async with self._database.system_write("guild.left") as unit:
            await unit.repo(GuildRepository).left(guild_id)

    async def guilds(self) -> list[Guild]:
        async with self._database.system_read() as unit:
            return await unit.repo(GuildRepository).all()

    # ------------------------------------------------------------------ inbox

    async def inbox(self, user_id: int) -> list[InboxNote]:
        """Return what waits for a person, newest first, and mark it read."""
        async with self._database.write(Actor.system("inbox"), user_id, "inbox.read") as unit:
            inbox = unit.repo(InboxRepository)
            notes = await inbox.list()
            await inbox.read_all()
            return notes

    # ------------------------------------------------------------------ privacy

    async def privacy_counts(self, user_id: int) -> Mapping[str, int]:
        async with self._database.system_read() as unit:
            return await unit.repo(PrivacyRepository).counts(user_id)

    async def privacy_export(self, user_id: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        async with self._database.system_read() as unit:
            return await unit.repo(PrivacyRepository).export(user_id)

    async def privacy_delete(self, user_id: int) -> Mapping[str, int]:
        """Delete everything about a person at once; return rows a table."""
        async with self._database.system_write("privacy.delete") as unit:
            counts = await unit.repo(PrivacyRepository).delete(user_id)
            facts = unit.repo(FactRepository)
            kept = await facts.get(DELETIONS) or {}
            await facts.put(DELETIONS, {**kept, str(user_id): unit.now.isoformat()})
            return counts

    async def delete_again_after_restore(self) -> int:
        """Delete people who asked for it after the backup that was restored was made; return how many."""
        async with self._database.system_write("privacy.again") as unit:
            people = await unit.repo(FactRepository).get(DELETIONS) or {}
            for person, at in people.items():
                counts = await unit.repo(PrivacyRepository).counts(int(person))
                if counts and not await self._came_back(int(person), datetime.fromisoformat(at)):
                    await unit.repo(PrivacyRepository).delete(int(person))
            return len(people)

    async def _came_back(self, user_id: int, since: datetime) -> bool:
        person = await self.person(user_id)
        return person is not None and person.first_seen_at > since

    # ------------------------------------------------------------------ housekeeping

    async def tidy(self) -> None:
        """Daily: forget what its retention has run out for."""
        now = self._clock.now()
        async with self._database.system_write("tidy") as unit:
            await unit.repo(InboxRepository).forget_expired()
            await unit.repo(RequestRepository).forget(now - timedelta(days=2))

    async def fact(self, key: str) -> Any:
        async def read() -> Any:
            async with self._database.system_read() as unit:
                return await unit.repo(FactRepository).get(key)

        return await self._keep("facts", key, read)

    async def put_fact(self, key: str, value: Any) -> None:
        async with self._database.system_write("fact") as unit:
            await unit.repo(FactRepository).put(key, value)

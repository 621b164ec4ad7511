"""Settings of servers and people, who may do what, inbox, privacy: one door for everything that is not an area."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel

from bot.actors import Actor
from bot.changes import ChangeGroup
from bot.clock import Clock
from bot.errors import BotError, NotAllowed, NotFound
from bot.posted_model import unpost_slot
from bot.studio.model import Guild, GuildSettings, InboxNote, Person, PersonSettings
from bot.studio.ports import ClientPeople, NoClients
from bot.studio.roles import Does, Role, role_table
from storage.deletions import DeletionList
from storage.privacy import PrivacyRepository
from storage.repositories.posted import PostedRepository
from storage.repositories.studio import (
    DELETIONS,
    FactRepository,
    GuildRepository,
    InboxRepository,
    PersonRepository,
    SettingsRepository,
)
from storage.sight import Sight
from storage.unit import Database, Unit

log = structlog.stdlib.get_logger(__name__)

SettingsT = TypeVar("SettingsT", bound=BaseModel)

GUILD = "guild"
PERSON = "person"
SETTINGS_TABLE = "settings"
WITHOUT_LISTS = frozenset({"ui", "settings"})
"""Lines of the table of roles that are no things of which there is a list."""
_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What Discord says of somebody where they act: `roles` of the member and the permission Manage Server."""

    user_id: int
    guild_id: int | None = None
    roles: frozenset[int] = frozenset()
    can_manage_server: bool = False
    is_there: bool = True
    """Whether they are in that server at all; from a client's side somebody may be asked without being there."""


@dataclass(frozen=True, slots=True)
class Saved(Generic[SettingsT]):
    """A setting was saved; `group_id` is what Undo needs (None: nothing was changed)."""

    settings: SettingsT
    group_id: str | None


Listener = Callable[[int], Awaitable[None]]
"""Brings in line what an area derived from the settings of a person or a server, by its id."""


def unseen(area: str) -> BotError:
    """Return what is told of a server's thing that somebody may not see: it reads as if it were not there."""
    return NotAllowed("not_allowed_here") if area in WITHOUT_LISTS else NotFound(area, f"/{area} list")


class StudioService:
    """Everything about servers and people that areas share.

    It alone writes their settings. Whoever holds something derived from them (when a digest comes, the zone of a
    mission) listens, and is told in the transaction of the change: nothing is left behind by a crash in between.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        operators: Sequence[int] = (),
        deletions: DeletionList | None = None,
    ) -> None:
        """`deletions`: kept outside the database, for the day when an older copy of it is restored."""
        self._deletions = deletions
        self._writing_down = asyncio.Lock()
        self.gone: list[Callable[[Sequence[str]], Awaitable[object]]] = []
        """Who keeps files: told of the contents of people who were deleted, in the same breath."""
        self.forgets: list[Callable[[int], Awaitable[object]]] = []
        """Who works for people, or keeps things of theirs beside rows and contents: told of who was deleted."""
        self._database = database
        self._clock = clock
        self._operators = frozenset(operators)
        self._listeners: dict[str, list[Listener]] = {PERSON: [], GUILD: []}
        self._kept: dict[tuple[str, object], tuple[int, Any]] = {}
        self.clients: ClientPeople = NoClients()

    def listen(self, listener: Listener) -> None:
        """Be told of people whose own settings changed, by saving or by undo; inside the transaction."""
        self._listeners[PERSON].append(listener)

    def listen_to_servers(self, listener: Listener) -> None:
        """Be told of servers whose settings changed, by saving or by undo; inside the transaction."""
        self._listeners[GUILD].append(listener)

    async def put_back(self, unit: Unit, owner: int, group: ChangeGroup) -> None:
        """Tell those who listen where an undo brought earlier settings back."""
        for recorded in group.changes:
            values = recorded.change.after or recorded.change.before or {}
            if recorded.change.entity == SETTINGS_TABLE and values["section"] in self._listeners:
                await self._tell(unit, owner, values["section"])

    # ------------------------------------------------------------------ who may

    def is_operator(self, user_id: int) -> bool:
        return user_id in self._operators

    async def is_manager(self, who: Standing) -> bool:
        """Manage Server, or the lead role of the settings."""
        if who.guild_id is None:
            return False
        if who.can_manage_server:
            return True
        settings = await self.guild_settings(who.guild_id)
        return settings.lead_role is not None and settings.lead_role in who.roles

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

    async def missing_role(self, who: Standing) -> int | None:
        """Return the role without which somebody may not use me in this server; None: they may.

        Managers and approvers may in any case: the one could change it, the other is asked to decide here.
        """
        if who.guild_id is None:
            return None
        settings = await self.guild_settings(who.guild_id)
        wanted = settings.member_role
        if wanted is None or wanted in who.roles or await self.is_manager(who) or await self.is_approver(who):
            return None
        is_guest = settings.guest_role is not None and settings.guest_role in who.roles
        return None if is_guest or await self.client_of(who) else wanted

    async def client_of(self, who: Standing) -> str | None:
        """Return the client whose person somebody is in this server, by its id; None: of none."""
        return None if who.guild_id is None else await self.clients.client_of(who.guild_id, who.user_id)

    async def client_name(self, guild_id: int, client_id: str) -> str | None:
        """Return the name of one of a server's clients, None where there is none (any more)."""
        return await self.clients.name_of(guild_id, client_id)

    async def client_names(self, guild_id: int) -> Mapping[str, str]:
        """Return what a server's clients are called, by their ids."""
        return await self.clients.names(guild_id)

    async def role(self, who: Standing) -> Role | None:
        """Return what somebody is in the server where they act; None outside of one, or where they are nobody.

        A lead who is also named with a client stays a lead; everybody else is a client first.
        """
        if who.guild_id is None:
            return None
        if await self.is_manager(who):
            return Role.LEAD
        if await self.client_of(who) is not None:
            return Role.CLIENT
        if not who.is_there:
            return None
        settings = await self.guild_settings(who.guild_id)
        if settings.member_role is None or settings.member_role in who.roles:
            is_guest = settings.guest_role is not None and settings.guest_role in who.roles
            return Role.GUEST if is_guest and settings.member_role is None else Role.MEMBER
        return Role.GUEST

    async def look_as(self, who: Standing) -> Role | None:
        """Return somebody's role, and let who comes from a client's side see nothing but theirs from here on."""
        role = await self.role(who)
        client = await self.client_of(who) if role is Role.CLIENT else None
        if client is not None and who.guild_id is not None:
            self._database.look_as(who.guild_id, Sight(client, who.user_id))
        return role

    async def may(self, who: Standing, area: str, does: Does) -> bool:
        """Tell whether somebody may do it with things of the server where they act."""
        return role_table().may(await self.look_as(who), area, does)

    async def require(self, who: Standing, area: str, does: Does) -> None:
        """Raise NotAllowed for whom the table of roles does not let; it names the roles that may."""
        role = await self.look_as(who)
        if role_table().may(role, area, does):
            return
        if not role_table().may(role, area, Does.SEE):
            raise unseen(area)
        may = role_table().who_may(area, does)
        if may == (Role.LEAD,):
            raise NotAllowed("needs_lead")
        raise NotAllowed("needs_team_client" if role is Role.CLIENT else "needs_team")

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
        """Return the person's zone, else the server's, else UTC. `user_id` may be a server: its plans have its zone."""
        guild = await self.guild_settings(guild_id if guild_id is not None else user_id)
        return (await self.person_settings(user_id)).zone(guild)

    async def save_guild(self, actor: Actor, who: Standing, guild_id: int, **values: Any) -> Saved[GuildSettings]:
        """Change settings of a server; managers only. Raises NotAllowed, pydantic's ValidationError."""
        await self.require_manager(who)
        if who.guild_id != guild_id:
            raise NotAllowed("need_manager")  # a manager of another server
        return await self._save(actor, guild_id, GUILD, GuildSettings, values)

    async def save_person(self, actor: Actor, user_id: int, **values: Any) -> Saved[PersonSettings]:
        """Change a person's own settings; takes part in an open unit of theirs."""
        return await self._save(actor, user_id, PERSON, PersonSettings, values)

    async def _settings(self, owner: int, section: str, model: type[SettingsT]) -> SettingsT:
        async def read() -> SettingsT:
            async with self._database.read(owner, as_house=True) as unit:
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
        joined = self._database.open_unit
        operation = f"settings.{section}" if joined is None else joined.operation
        async with self._database.write(actor, owner, operation) as unit:
            settings = unit.repo(SettingsRepository)
            old = model.model_validate(await settings.get(section) or {})
            new = model.model_validate({**old.model_dump(), **values})
            if new == old:
                return Saved(new, None)
            await settings.put(section, new.model_dump(mode="json"))
            await self._tell(unit, owner, section)
            return Saved(new, unit.group_id)

    async def _tell(self, unit: Unit, owner: int, section: str) -> None:
        operation = unit.operation
        with self._database.joined(unit):
            for listener in self._listeners[section]:
                await listener(owner)
        # A use case that takes part names the unit after itself; this one is still what the person did.
        unit.operation = operation

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

    async def writes_to(self, user_id: int) -> bool:
        """Tell whether somebody has direct messages from me: they used me, and their messages are open."""
        person = await self.person(user_id)
        return person is not None and person.dm_closed_at is None

    async def person(self, user_id: int) -> Person | None:
        async with self._database.read(user_id) as unit:
            return await unit.repo(PersonRepository).get()

    async def language(self, user_id: int) -> str | None:
        """Return the language that somebody is written to in: the one their Discord speaks; None: not known.

        A setting for it would be a second answer to a question that Discord has asked them already.
        """
        person = await self.person(user_id)
        return person.locale if person is not None else None

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

    async def is_server(self, owner: int) -> bool:
        """Tell whether an owner is a server that I am or was in, and not a person."""

        async def read() -> frozenset[int]:
            async with self._database.system_read() as unit:
                return await unit.repo(GuildRepository).ids()

        return owner in await self._keep("guilds", "ids", read)

    async def server_name(self, guild_id: int) -> str:
        """Return what a server is called, "" for one that is not known."""
        async with self._database.system_read() as unit:
            guild = await unit.repo(GuildRepository).get(guild_id)
        return "" if guild is None else guild.name

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

    async def privacy_named(self, user_id: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return what names a person in things of others, by table."""
        async with self._database.system_read() as unit:
            return await unit.repo(PrivacyRepository).named(user_id)

    async def privacy_export(self, user_id: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        async with self._database.system_read() as unit:
            return await unit.repo(PrivacyRepository).export(user_id)

    async def privacy_delete(self, user_id: int) -> Mapping[str, int]:
        """Delete everything about a person at once, with all files; return rows a table."""
        at = self._clock.now()
        await self._write_down({user_id: at})
        return await self._delete(user_id, at)

    async def delete_again_after_restore(self) -> int:
        """Delete people whose deletion this database does not know of: it is older than that. Return how many.

        Before anybody is answered. Raises Tampered.
        """
        if self._deletions is None:
            return 0
        listed = await asyncio.to_thread(self._deletions.read_blocking)
        known = {int(person): datetime.fromisoformat(at) for person, at in (await self.fact(DELETIONS) or {}).items()}
        again = {person: at for person, at in listed.items() if person not in known or known[person] < at}
        for person, at in again.items():
            await self._delete(person, at)
        # A list that was lost is written anew from what is known here.
        await self._write_down({person: at for person, at in known.items() if person not in listed})
        return len(again)

    async def _write_down(self, people: Mapping[int, datetime]) -> None:
        """Put deletions on the list first: one that is cut short is carried out at the next start."""
        if self._deletions is None:
            return
        async with self._writing_down:
            for person, at in people.items():
                await asyncio.to_thread(self._deletions.add_blocking, person, at)

    async def _delete(self, user_id: int, at: datetime) -> Mapping[str, int]:
        async with self._database.system_write("privacy.delete") as unit:
            privacy, facts = unit.repo(PrivacyRepository), unit.repo(FactRepository)
            contents = await privacy.contents(user_id)
            posts = await unit.repo(PostedRepository).places(user_id)
            counts = await privacy.delete(user_id)
            # Their cards stand in channels where others read: they go as well.
            await unit.add_slots([unpost_slot(post, unit.now) for post in posts])
            known = await facts.get(DELETIONS) or {}
            await facts.put(DELETIONS, {**known, str(user_id): at.isoformat()})
        await self._forget(user_id, contents)
        return counts

    async def _forget(self, user_id: int, contents: Sequence[str]) -> None:
        """End and delete what hangs on rows that went; one that fails keeps no other from it."""
        told = [partial(tell, user_id) for tell in self.forgets] + [partial(tell, contents) for tell in self.gone]
        for tell in told:
            try:
                await tell()
            except Exception:
                log.exception("what was left of a person could not be deleted; the next sweep does it")

    # ------------------------------------------------------------------ facts

    async def fact(self, key: str) -> Any:
        async def read() -> Any:
            async with self._database.system_read() as unit:
                return await unit.repo(FactRepository).get(key)

        return await self._keep("facts", key, read)

    async def put_fact(self, key: str, value: Any) -> None:
        async with self._database.system_write("fact") as unit:
            await unit.repo(FactRepository).put(key, value)

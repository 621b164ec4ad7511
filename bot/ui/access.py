"""Who may press, by the same decisions that the services use; who was here."""

from typing import Protocol

from bot.errors import NotAllowed, NotYours
from bot.say.card import mention, raw
from bot.studio.roles import Does
from bot.studio.service import Standing, StudioService, unseen
from bot.ui.items import ControlId, Who


class Access(Protocol):
    """The decision who may press, the same one the services use. Raises NotYours or NotAllowed."""

    async def check(self, presser: Standing, who: Who, target: ControlId, does: Does = Does.EDIT) -> None: ...

    async def enter(self, person: Standing) -> None:
        """Raise NotAllowed where the server keeps the bot for people with its member role."""
        ...

    async def was_here(self, user_id: int, name: str, locale: str) -> int:
        """Note that somebody used the bot; return how many notes wait that they have not been told of."""
        ...


class OwnerAccess:
    """Decide by what Discord says of the person: owner by id, managers by Manage Server.

    Approvers are decided by the mission's own settings, which its service reads.
    """

    async def check(self, presser: Standing, who: Who, target: ControlId, does: Does = Does.EDIT) -> None:
        if target.owner is not None and who is Who.OWNER and target.owner != presser.user_id:
            raise NotYours(owner=mention(target.owner), area=target.area)
        if who is Who.MANAGER and not presser.can_manage_server and target.owner != presser.user_id:
            raise NotAllowed("needs_manager")

    async def enter(self, person: Standing) -> None:
        """Nobody is kept out where no settings are."""

    async def was_here(self, user_id: int, name: str, locale: str) -> int:
        """Nothing is kept here, so nothing waits."""
        return 0


class StudioAccess:
    """Owners by id, a server's things by its roles, managers by Manage Server or the lead role."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def enter(self, person: Standing) -> None:
        await self._studio.look_as(person)
        role = await self._studio.missing_role(person)
        if role is not None:
            raise NotAllowed("needs_member", role=raw(f"<@&{role}>"))

    async def check(self, presser: Standing, who: Who, target: ControlId, does: Does = Does.EDIT) -> None:
        """Raise NotYours, NotAllowed or NotFound where the person may not press."""
        if target.owner == presser.user_id or who is Who.ANYONE:
            return
        match who:
            case Who.OWNER:
                if target.owner is not None and target.owner == presser.guild_id:
                    # What belongs to a server is everybody's there by what the table of roles says.
                    await self._studio.require(presser, target.area, does)
                elif target.owner is not None and await self._studio.is_server(target.owner):
                    raise unseen(target.area)  # of a server that the person is not in
                elif target.owner is not None:
                    raise NotYours(owner=mention(target.owner), area=target.area)
            case Who.MANAGER:
                if not await self._studio.is_manager(presser):
                    raise NotAllowed("needs_manager")
            case Who.APPROVER:
                # The service of missions knows the owner and the approvers and decides itself.
                return

    async def was_here(self, user_id: int, name: str, locale: str) -> int:
        """Note that somebody used the bot; return how many notes wait that they have not been told of."""
        return await self._studio.seen(user_id, name, locale)

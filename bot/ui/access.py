"""Who may press, by the same decisions that the services use."""

from bot.errors import NotAllowed, NotYours
from bot.studio.service import Standing, StudioService
from bot.ui.base import Turn
from bot.ui.items import ControlId, Who
from bot.ui.model import mention


def standing(turn: Turn) -> Standing:
    """Return what Discord says of the person of this turn."""
    return Standing(turn.person, turn.guild, turn.role_ids, turn.can_manage_server)


class StudioAccess:
    """Owners by id, managers by Manage Server or the manager role, approvers by the approver role."""

    def __init__(self, studio: StudioService) -> None:
        self._studio = studio

    async def check(self, turn: Turn, who: Who, target: ControlId) -> None:
        """Raise NotYours or NotAllowed where the person may not press."""
        if target.owner == turn.person or who is Who.ANYONE:
            return
        match who:
            case Who.OWNER:
                if target.owner is not None and target.owner == turn.guild:
                    # What belongs to a server is looked after by its managers.
                    if not await self._studio.is_manager(standing(turn)):
                        raise NotAllowed("needs_manager")
                elif target.owner is not None:
                    raise NotYours(owner=mention(target.owner), area=target.area)
            case Who.MANAGER:
                if not await self._studio.is_manager(standing(turn)):
                    raise NotAllowed("needs_manager")
            case Who.APPROVER:
                # The service of missions knows the owner and the approvers and decides itself.
                return

"""Buttons, selects and forms as declared in a cog file, and the way in from Discord."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar

import discord

from bot.say.card import Text
from bot.studio.roles import Does
from bot.ui.base import Press, Submit, Turn
from bot.ui.items import ID, VERSION, Who

PressHandler = Callable[[Press], Awaitable[None]]
SubmitHandler = Callable[[Submit], Awaitable[None]]
Stale = Callable[[Turn, Text], Awaitable[None]]
"""Draws the private card that was pressed anew, with the sentence that says what became of its thing meanwhile."""
HandlerT = TypeVar("HandlerT")


@dataclass(frozen=True, slots=True)
class Declared(Generic[HandlerT]):
    """A control or a form as declared in a cog file; calling it runs the handler."""

    area: str
    action: str
    handler: HandlerT
    who: Who = Who.OWNER
    opens_form: bool = False
    """The handler begins with a form: no automatic defer, so it may not touch the database first."""
    ephemeral: bool = True
    does: Does = Does.EDIT
    """What it does with a thing of a server: its roles decide by it who may."""
    stale: Stale | None = None
    """Called where the handler finds that its thing was finished or taken away meanwhile."""

    @property
    def name(self) -> str:
        return f"{self.area}:{self.action}"


class Control(Declared[PressHandler]):
    """A button or a select."""


class FormControl(Declared[SubmitHandler]):
    """What happens with a filled-in form."""


def control(
    area: str,
    action: str,
    *,
    who: Who = Who.OWNER,
    opens_form: bool = False,
    ephemeral: bool = True,
    does: Does = Does.EDIT,
    stale: Stale | None = None,
) -> Callable[[PressHandler], Control]:
    """Declare what a press on `area.action` does. Works for buttons and selects (`press.values`)."""

    def declare(handler: PressHandler) -> Control:
        return Control(area, action, handler, who, opens_form, ephemeral, does, stale)

    return declare


def form(
    area: str,
    action: str,
    *,
    who: Who = Who.OWNER,
    ephemeral: bool = True,
    does: Does = Does.EDIT,
    stale: Stale | None = None,
) -> Callable[[SubmitHandler], FormControl]:
    """Declare what happens when the form `area.action` is sent."""

    def declare(handler: SubmitHandler) -> FormControl:
        return FormControl(area, action, handler, who, False, ephemeral, does, stale)

    return declare


class Controls:
    """All declared controls and forms by name; the client hands every press to one of them."""

    def __init__(self) -> None:
        self.presses: dict[str, Control] = {}
        self.forms: dict[str, FormControl] = {}

    def collect(self, module: ModuleType) -> None:
        """Take every declaration out of a module (also those inside objects with a `controls` attribute).

        A cog in several files names the others in `PARTS`. Raises ValueError when two declarations have one name.
        """
        for part in getattr(module, "PARTS", ()):
            self.collect(part)
        for value in vars(module).values():
            found: Iterable[object] = getattr(value, "controls", ()) if not isinstance(value, type) else ()
            for declared in (value, *(found if isinstance(found, (tuple, list)) else ())):
                if isinstance(declared, Control):
                    self._add(self.presses, declared)
                elif isinstance(declared, FormControl):
                    self._add(self.forms, declared)

    @staticmethod
    def _add(known: dict[str, Any], declared: Control | FormControl) -> None:
        before = known.setdefault(declared.name, declared)
        if before is not declared:
            raise ValueError(f"two declarations of {declared.name}")

    def dynamic_items(self) -> list[type[discord.ui.DynamicItem[Any]]]:
        """Return one DynamicItem class a control, for `Client.add_dynamic_items`."""
        return [dynamic_item(declared) for declared in self.presses.values()]


def pattern_of(declared: Control) -> re.Pattern[str]:
    """Return the template of a control; two controls never share a custom_id because names are unique."""
    return re.compile(rf"{VERSION}:{declared.area}:{declared.action}:{ID}(?::.*)?", re.DOTALL)


def dynamic_item(declared: Control) -> type[discord.ui.DynamicItem[Any]]:
    """Make the DynamicItem class of a control.

    discord.py 2.7.1 only logs what `from_custom_id`, `interaction_check` and the callback raise, so nothing
    here can raise: all work is done by the client's `edge`, which answers errors.
    """

    class Pressed(discord.ui.DynamicItem[discord.ui.Item[Any]], template=pattern_of(declared)):
        @classmethod
        async def from_custom_id(
            cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
        ) -> "Pressed":
            return cls(item)

        async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
            return True

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await interaction.client.edge.press(interaction)

    Pressed.__name__ = f"Pressed_{declared.area}_{declared.action}".replace("-", "_")
    return Pressed

"""Buttons, selects and forms: their custom_ids, their declaration in a cog file, and the way in from Discord.

A custom_id is `v1:<area>:<action>:<id>[:<arg>]`; the state lives in the database, the id only finds it. The
argument may begin with marks of the house: `~<owner>` (only this person may press) and `!<time>` (a
confirmation that runs out), both in base 36, then `.` and the rest.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import discord

from bot.ui.model import Button, Select

if TYPE_CHECKING:
    from bot.ui.base import Press, Submit

VERSION = "v1"
MAX_CUSTOM_ID = 100
_WORD = r"[a-z][a-z0-9-]{0,23}"
_ID = r"[A-Za-z0-9_.=,-]{1,48}"
_GRAMMAR = re.compile(rf"{VERSION}:({_WORD}):({_WORD}):({_ID})(?::(.*))?", re.DOTALL)
_MARKS = re.compile(r"(?:~([0-9a-z]+))?(?:!([0-9a-z]+))?(?:\.(.*))?", re.DOTALL)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Who(StrEnum):
    """Who may press; asked again at press time, and a second time by the service."""

    ANYONE = "anyone"
    OWNER = "owner"
    APPROVER = "approver"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class ControlId:
    """A parsed custom_id."""

    area: str
    action: str
    id: str = "-"
    arg: str = ""
    owner: int | None = None
    expires_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.area}:{self.action}"

    def format(self) -> str:
        """Return the custom_id; raises ValueError when a part breaks the grammar or it is too long."""
        marks = f"~{_base36(self.owner)}" if self.owner is not None else ""
        marks += f"!{_base36(int(self.expires_at.timestamp()))}" if self.expires_at is not None else ""
        tail = marks + (f".{self.arg}" if self.arg else "")
        text = f"{VERSION}:{self.area}:{self.action}:{self.id}" + (f":{tail}" if tail else "")
        if len(text) > MAX_CUSTOM_ID:
            raise ValueError(f"custom_id of {self.name} has {len(text)} characters")
        if not _GRAMMAR.fullmatch(text):
            raise ValueError(f"custom_id of {self.name} breaks the grammar: {text!r}")
        return text


def parse_custom_id(text: str) -> ControlId | None:
    """Return the parts of a custom_id of ours, None for any other.

    >>> parse_custom_id("v1:loop:done:abc:~z.next")
    ControlId(area='loop', action='done', id='abc', arg='next', owner=35, expires_at=None)
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        return None
    area, action, thing, tail = match.groups()
    marks = _MARKS.fullmatch(tail or "")
    if marks is None:
        return None
    owner, expiry, arg = marks.groups()
    return ControlId(
        area,
        action,
        thing,
        arg or "",
        int(owner, 36) if owner else None,
        datetime.fromtimestamp(int(expiry, 36), UTC) if expiry else None,
    )


def control_id(control: Button | Select) -> str:
    """Return the custom_id of a control of a card."""
    return ControlId(control.area, control.action, control.id, control.arg, control.owner, control.expires_at).format()


PressHandler = Callable[["Press"], Awaitable[None]]
SubmitHandler = Callable[["Submit"], Awaitable[None]]
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

    @property
    def name(self) -> str:
        return f"{self.area}:{self.action}"


class Control(Declared[PressHandler]):
    """A button or a select."""


class FormControl(Declared[SubmitHandler]):
    """What happens with a filled-in form."""


def control(
    area: str, action: str, *, who: Who = Who.OWNER, opens_form: bool = False, ephemeral: bool = True
) -> Callable[[PressHandler], Control]:
    """Declare what a press on `area.action` does. Works for buttons and selects (`press.values`)."""

    def declare(handler: PressHandler) -> Control:
        return Control(area, action, handler, who, opens_form, ephemeral)

    return declare


def form(
    area: str, action: str, *, who: Who = Who.OWNER, ephemeral: bool = True
) -> Callable[[SubmitHandler], FormControl]:
    """Declare what happens when the form `area.action` is sent."""

    def declare(handler: SubmitHandler) -> FormControl:
        return FormControl(area, action, handler, who, False, ephemeral)

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
    return re.compile(rf"{VERSION}:{declared.area}:{declared.action}:{_ID}(?::.*)?", re.DOTALL)


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


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if number == 0:
            return digits

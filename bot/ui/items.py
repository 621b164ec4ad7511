"""The custom_ids of buttons, selects and forms, and who may press.

A custom_id is `v1:<area>:<action>:<id>[:<arg>]`; the state lives in the database, the id only finds it. The
argument may begin with marks of the house: `~<owner>` (only this person may press) and `!<time>` (a
confirmation that runs out), both in base 36, then `.` and the rest.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import discord

from bot.say.card import Button, Select

VERSION = "v1"
MAX_CUSTOM_ID = 100
_WORD = r"[a-z][a-z0-9-]{0,23}"
ID = r"[A-Za-z0-9_.=,-]{1,48}"
_GRAMMAR = re.compile(rf"{VERSION}:({_WORD}):({_WORD}):({ID})(?::(.*))?", re.DOTALL)
_MARKS = re.compile(r"(?:~([0-9a-z]{1,13}))?(?:!([0-9a-z]{1,7}))?(?:\.(.*))?", re.DOTALL)
"""Ids have up to 13 such digits; 7 reach a thousand years, and what is longer was made up."""
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


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
        if number == 0:
            return digits


def custom_ids(message: discord.Message | None) -> set[str]:
    """Return the ids of all controls on a message as Discord sent it along; whoever presses cannot make them up."""
    return set() if message is None else {found for part in message.components for found in _ids(part.to_dict())}


def id_on(message: discord.Message | None, name: str) -> str | None:
    """Return the id of the thing that the control `name` ("loop:post") on a message is about; None without one."""
    found = (parse_custom_id(custom_id) for custom_id in custom_ids(message))
    return next((target.id for target in found if target is not None and target.name == name), None)


def offered(message: discord.Message | None, custom_id: str) -> frozenset[str] | None:
    """Return what a select on a message offers, as Discord sent it along; None where there is no such select."""
    for part in message.components if message is not None else ():
        for one in _parts(part.to_dict()):
            if one.get("custom_id") == custom_id and "options" in one:
                return frozenset(str(option["value"]) for option in one["options"])
    return None


def _parts(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield part
    for one in (*part.get("components", ()), *filter(None, [part.get("accessory")])):
        yield from _parts(one)


def _ids(part: Mapping[str, Any]) -> Iterator[str]:
    for one in _parts(part):
        if one.get("custom_id"):
            yield str(one["custom_id"])

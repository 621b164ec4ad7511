"""Errors that a person can be told. Services raise them; `bot/ui/errors.py` alone turns them into words.

Each has a code, which is a line in `assets/errors.toml` and the end of a string key (`error.<code>`), and named parts.
Never an exception name, an id or SQL.
"""

from collections.abc import Mapping


class BotError(Exception):
    """Base of all errors that have a sentence. `code` names its kind and is the last part of the string key."""

    code = "unexpected"

    def __init__(self, code: str | None = None, /, **parts: object) -> None:
        if code is not None:
            self.code = code
        self.parts: Mapping[str, object] = parts
        super().__init__(f"{self.code} {dict(parts)}")


class NotFound(BotError):
    """There is no such thing, or it is somebody else's: both read the same. Give `thing` and `list_command`."""

    code = "not_found"

    def __init__(self, thing: str, list_command: str) -> None:
        super().__init__(thing=thing, list_command=list_command)


_NOT_OWNER = {
    "loop": "not_owner_loop",
    "bounce": "not_owner_bounce",
    "release": "not_owner_release",
    "mission": "not_owner_mission",
}


class NotYours(BotError):
    """A press on a posted card by somebody else. The area names the thing, and how to start one's own."""

    code = "not_owner"

    def __init__(self, *, owner: object, area: str = "") -> None:
        super().__init__(owner=owner)
        self.code = _NOT_OWNER.get(area, self.code)


class NotAllowed(BotError):
    """A role or permission is missing; parts name it and who can change it."""


class Refused(BotError):
    """Input outside what is accepted. The code names the sentence; parts hold what was typed and an example."""


class AlreadyDone(BotError):
    """Somebody was there first: `what`, `who`, `when` (datetime)."""


class Gone(BotError):
    """The thing was deleted meanwhile."""

    code = "gone"


class ChangedSince(BotError):
    """Undo or execution found that the thing was changed after the state it was built on."""

    code = "changed_since"


class Busy(BotError):
    """The same person's last request of this kind is still running."""

    code = "busy"


class Unavailable(BotError):
    """Something outside (AI, Discord, disk) is down; trying later helps."""

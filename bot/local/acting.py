"""What the page's `POST /page/act` can do: one entry an action, each a call of a `Person` method."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.local import changes
from bot.local.model import Channel, Interaction, InteractionState, Message, Wire
from bot.local.people import Person, PersonError, Upload
from bot.local.screen import Screen

if TYPE_CHECKING:
    from bot.local.server import LocalDiscord

# The server fails an interaction after three seconds; this only guards against a clock that stands still.
PATIENCE_S = 45.0


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person does: the JSON of the request and its files by field name."""

    server: "LocalDiscord"
    person: Person
    body: Wire
    files: Sequence[tuple[str, Upload]]

    def text(self, key: str) -> str:
        value = self.body.get(key)
        if not isinstance(value, str):
            raise PersonError(f"The action needs {key!r}.")
        return value

    def number(self, key: str) -> int:
        value = str(self.body.get(key))
        if not value.isdigit():
            raise PersonError(f"The action needs {key!r}, an id.")
        return int(value)

    def mapping(self, key: str) -> Wire:
        value = self.body.get(key) or {}
        if not isinstance(value, dict):
            raise PersonError(f"{key!r} has to be an object.")
        return dict(value)

    def channel(self) -> Channel:
        """Return the place of the action; one that this person cannot open does not exist for them."""
        found = self.server.world.channels.get(self.number("channel"))
        if found is None or found not in self.person.places():
            raise PersonError("There is no such channel.")
        return found

    def message(self) -> Message:
        found = self.server.world.message(self.channel().id, self.number("message"))
        if found is None or not self.person.can_see(found):
            raise PersonError("That message is gone.")
        return found

    def uploads(self, prefix: str) -> dict[str, list[Upload]]:
        """Return the files whose field is `prefix:NAME`, by name."""
        found: dict[str, list[Upload]] = {}
        for field, upload in self.files:
            family, _, name = field.partition(":")
            if family == prefix and name:
                found.setdefault(name, []).append(upload)
        return found


async def act(action: Action) -> Wire:
    """Do it and return the answer; of an interaction, once the bot has acknowledged it or did not in time."""
    act_by_name = ACTIONS.get(str(action.body.get("do")))
    if act_by_name is None:
        raise PersonError(f"There is no such action; there is: {', '.join(ACTIONS)}.")
    result = act_by_name(action)
    return await result if isinstance(result, Awaitable) else result


async def _settled(action: Action, start: Callable[[], Interaction]) -> Wire:
    """Start an interaction and wait until it has left the waiting state."""
    moved = asyncio.Event()

    def hear(change: changes.Change) -> None:
        if isinstance(change, changes.InteractionChanged):
            moved.set()

    stop = action.server.subscribe(hear)
    try:
        interaction = start()
        async with asyncio.timeout(PATIENCE_S):
            while interaction.state is InteractionState.WAITING:
                moved.clear()
                await moved.wait()
    except TimeoutError:
        return {"state": "failed", "text": "The application did not respond"}
    finally:
        stop()
    return Screen(action.server.core, action.person).interaction(interaction)


def _send(action: Action) -> Wire:
    content = str(action.body.get("content") or "")
    files = [upload for field, upload in action.files if field.startswith("files[")]
    message = action.person.say(content, *files, channel=action.channel())
    return {"state": "sent", "message": str(message.id)}


def _slash(action: Action) -> Awaitable[Wire]:
    options = action.mapping("options") | {name: files[0] for name, files in action.uploads("option").items()}
    place, path = action.channel(), action.text("path")
    return _settled(action, lambda: action.person.use(path, options, channel=place))


async def _autocomplete(action: Action) -> Wire:
    others = action.mapping("options")
    focused = action.text("focused")
    others.pop(focused, None)
    text = str(action.body.get("text") or "")
    choices = await action.person.complete(action.text("path"), focused, text, others, channel=action.channel())
    return {"state": "failed"} if choices is None else {"state": "choices", "choices": choices}


def _click(action: Action) -> Awaitable[Wire]:
    message, custom_id = action.message(), action.text("custom_id")
    return _settled(action, lambda: action.person.click(message, custom_id))


def _select(action: Action) -> Awaitable[Wire]:
    message, custom_id = action.message(), action.text("custom_id")
    values: Any = action.body.get("values") or []
    return _settled(action, lambda: action.person.select(message, custom_id, *values))


def _submit(action: Action) -> Awaitable[Wire]:
    opener = action.server.world.interactions.get(action.number("modal"))
    if opener is None:
        raise PersonError("That form is no longer open.")
    values: dict[str, Any] = action.mapping("values") | action.uploads("file")
    return _settled(action, lambda: action.person.submit(opener, values))


def _context_menu(action: Action) -> Awaitable[Wire]:
    place, target_id = action.channel(), action.number("target")
    target = action.server.world.message(place.id, target_id) or action.server.world.users.get(target_id)
    if target is None:
        raise PersonError("That is gone.")
    name = action.text("name")
    return _settled(action, lambda: action.person.context_menu(name, target, channel=place))


def _react(action: Action) -> Wire:
    take = action.person.unreact if action.body.get("remove") else action.person.react
    take(action.message(), action.text("emoji"))
    return {"state": "done"}


def _delete(action: Action) -> Wire:
    """Delete an own message, or dismiss one that only this person sees."""
    action.person.delete(action.message())
    return {"state": "done"}


def _typing(action: Action) -> Wire:
    action.person.type(action.channel())
    return {"state": "done"}


ACTIONS: dict[str, Callable[[Action], Wire | Awaitable[Wire]]] = {
    "send": _send,
    "slash": _slash,
    "autocomplete": _autocomplete,
    "click": _click,
    "select": _select,
    "submit": _submit,
    "context_menu": _context_menu,
    "react": _react,
    "dismiss": _delete,
    "delete": _delete,
    "typing": _typing,
}

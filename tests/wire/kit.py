"""Journeys that read like a story: people as objects, on the local Discord, with any bot.

    async def test_tagging(ada, general):
        await ada.slash("/bounce show", bounce="Night Drive")
        await ada.press("Tag")
        await ada.choose("Tag", "Keeper")
        assert "Keeper" in ada.sees()

What goes wrong is told with what the person saw.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from bot.local.forms import SELECTS, fields_of, find_part, label_of
from bot.local.model import Channel, Interaction, InteractionState, Message, Wire
from bot.local.parts import walk
from bot.local.people import Person, PersonError, Upload
from bot.local.picker import Usage
from bot.local.server import LocalDiscord
from tests.wire.reading import read_form, read_message

T = TypeVar("T")
PATIENCE_S = 60.0
AFTER_UPDATE_S = 3.0


class Bot(Protocol):
    """As much of a discord.py client as the kit needs."""

    def is_ready(self) -> bool: ...
    async def start(self, token: str) -> None: ...
    async def close(self) -> None: ...


class JourneyError(AssertionError):
    """A person could not go on; the text shows their screen."""


class typed(str):
    """Text typed into an option with autocomplete and sent as it is, without picking an offer."""


class Stage:
    """One local Discord with the people on it."""

    def __init__(self, server: LocalDiscord) -> None:
        self.server = server
        self._actors: dict[int, Actor] = {}

    def person(self, name: str) -> "Actor":
        """Return somebody to act as; the same object every time."""
        person = self.server.person(name)
        return self._actors.setdefault(person.id, Actor(self, person))

    def newcomer(self, name: str, *, member: bool = True) -> "Actor":
        """Let somebody new join the guild Studio, or merely exist."""
        world = self.server.world
        user = world.add_user(name.lower(), name)
        if member:
            world.join(next(iter(world.guilds.values())), user)
        world.conversation(user.id, world.bot.id)
        return self.person(name)

    def channel(self, name: str) -> "Place":
        return Place(self, self.server.world.channel(name))

    async def until(self, condition: Callable[[], T], timeout: float = PATIENCE_S) -> T:
        return await self.server.until(condition, timeout)

    @asynccontextmanager
    async def running(self, bot: Bot) -> AsyncIterator[None]:
        """Run a bot until the end of the block; it is ready when the block begins."""
        task = asyncio.ensure_future(bot.start(self.server.token))
        try:
            await self.until(lambda: bot.is_ready() or task.done())
            if task.done():
                task.result()
            yield
        finally:
            await bot.close()
            await asyncio.wait({task}, timeout=5)

    def complaints(self) -> list[str]:
        """Return everything that must not be left at the end of a test."""
        core = self.server.core
        names = self.server.world.users
        return [
            *(f"violation: {text}" for text in core.violations),
            *(f"unknown route: {text}" for text in core.unknown_routes),
            *(
                f"unanswered: {names[i.user_id].display_name} {i.label or i.data.get('custom_id')} → {i.failure}"
                for i in core.interactions.unanswered
            ),
            *(f"waiting: {i.label or i.data.get('custom_id')}" for i in core.interactions.waiting),
            *(f"unused fault: {fault}" for fault in core.faults.unused),
        ]

    def forgive(self) -> list[str]:
        """Return the complaints so far and forget them, for tests that provoke them."""
        found = self.complaints()
        core = self.server.core
        core.violations.clear()
        core.unknown_routes.clear()
        core.interactions.unanswered.clear()
        core.interactions.forget_waiting()
        core.faults.clear()
        return found


def assert_clean(server: LocalDiscord) -> None:
    """Fail with everything that must not be left at the end of a test."""
    complaints = Stage(server).complaints()
    assert not complaints, "\n".join(complaints)


class Place:
    """A channel or conversation that somebody listens to."""

    def __init__(self, stage: Stage, channel: Channel) -> None:
        self._stage = stage
        self.channel = channel
        self._read = {m.id for m in stage.server.world.history(channel.id)}

    @property
    def id(self) -> int:
        return self.channel.id

    def messages(self) -> list[Message]:
        """Return what everybody sees here, oldest first."""
        return list(self._stage.server.world.history(self.channel.id))

    async def next_message(self, timeout: float = PATIENCE_S) -> Message:
        """Wait for the next finished message since the last call (or since this object was made)."""

        def unread() -> Message | None:
            return next((m for m in self.messages() if m.id not in self._read and not m.loading), None)

        try:
            found = await self._stage.until(unread, timeout)
        except TimeoutError:
            raise JourneyError(f"No new message in #{self.channel.name}. It holds:\n{self.text()}") from None
        assert found is not None
        self._read.add(found.id)
        return found

    def text(self) -> str:
        return "\n\n".join(read_message(self._stage.server.core, m) for m in self.messages())


class Actor:
    """A person in a journey. Each action waits until the bot has answered it."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self._stage = stage
        self.person = person
        self.form: Interaction | None = None
        """The interaction whose form stands open."""
        world = stage.server.world
        self.conversation = Place(stage, world.conversation(person.id, world.bot.id))

    @property
    def id(self) -> int:
        return self.person.id

    @property
    def name(self) -> str:
        return self.person.name

    # Acting

    def go(self, place: "Channel | Place | str") -> "Actor":
        """Move to a channel (`#bounces`), or to the conversation with the bot (`DM`)."""
        self.person.go(place.channel if isinstance(place, Place) else place)
        return self

    async def slash(self, command: str, /, *, wait: bool = True, **options: Any) -> Message | None:
        """Use a slash command as a person would: options with autocomplete are typed and picked.

        Returns the answer, or None when a form opened. `wait=False` returns after the acknowledgement.
        """
        with self._telling(f"used {command}"):
            usage = self.person.usage(command)
            filled: dict[str, Any] = {}
            known = {o["name"]: o for o in usage.options}
            for python_name, value in options.items():
                name = python_name.removesuffix("_")  # `for_` fills "for"
                filled[name] = await self._fill(usage, known.get(name, {}), name, value, filled)
            return await self._settle(self.person.use(command, filled), wait=wait)

    async def offers(self, command: str, option: str, text: str = "", /, **others: Any) -> list[str]:
        """Type into an option and return the names that are offered."""
        with self._telling(f"typed {text!r} into {option} of {command}"):
            found = await self.person.complete(command, option, text, others)
            return [choice["name"] for choice in found or []]

    async def _fill(self, usage: Usage, option: Wire, name: str, value: Any, before: Mapping[str, Any]) -> Any:
        value = _bare(value)
        for choice in option.get("choices") or []:
            if value in (choice["name"], choice["value"]):
                return choice["value"]
        if not option.get("autocomplete") or isinstance(value, typed) or not isinstance(value, str):
            return value
        found = await self.person.complete(usage.name, name, value, dict(before)) or []
        wanted = value.casefold()
        exact = [c for c in found if c["name"].casefold() == wanted or c["value"] == value]
        near = [c for c in found if wanted in c["name"].casefold()]
        for hits in (exact, near):
            if len(hits) == 1 or (hits and hits is exact):
                return hits[0]["value"]
        offered = ", ".join(c["name"] for c in found) or "nothing"
        raise PersonError(f"typing {value!r} into {name} offered: {offered}")

    async def press(self, label: str, *, on: Message | None = None, wait: bool = True) -> Message | None:
        """Press the newest button of that label (or custom_id) on the screen."""
        with self._telling(f"pressed {label}"):
            message = on or self._newest_with(label, (2,), "button")
            return await self._settle(self.person.click(message, label), wait=wait)

    async def choose(self, select: str, *picked: Any, on: Message | None = None, wait: bool = True) -> Message | None:
        """Pick in the newest select with that placeholder (or custom_id)."""
        with self._telling(f"chose {picked} in {select}"):
            message = on or self._newest_with(select, SELECTS, "select")
            values = _bare(list(picked))
            return await self._settle(self.person.select(message, select, *values), wait=wait)

    async def fill(
        self, fields: Mapping[str, Any] | None = None, /, *, wait: bool = True, **more: Any
    ) -> Message | None:
        """Fill in the open form and send it; fields by custom_id or by label (`next_step` for "Next step")."""
        with self._telling("filled in the form"):
            opener = self.form
            if opener is None or opener.modal is None:
                raise PersonError("no form is open")
            known = fields_of(opener.modal)
            values = {self._field(known, key): _bare(value) for key, value in {**(fields or {}), **more}.items()}
            sent = self.person.submit(opener, values)
            answer = await self._settle(sent, wait=wait)
            # A form that failed stays open, with what was typed.
            self.form = sent if sent.modal else None
            return answer

    def _field(self, known: Mapping[str, tuple[str, Wire]], key: str) -> str:
        if key in known:
            return key
        wanted = key.replace("_", " ").casefold()
        hits = [custom_id for custom_id, (label, _) in known.items() if label.casefold() == wanted]
        if len(hits) == 1:
            return hits[0]
        raise PersonError(f"the form has no field {key!r}")

    async def menu(self, entry: str, target: "Message | Actor", *, wait: bool = True) -> Message | None:
        """Use an entry of the Apps menu on a message or on somebody."""
        with self._telling(f"chose {entry} from the Apps menu"):
            on = target.person.user if isinstance(target, Actor) else target
            return await self._settle(self.person.context_menu(entry, on), wait=wait)

    async def dm(self, text: str = "", *files: Upload) -> Message:
        """Write to the bot in private."""
        return self.person.dm(text, *files)

    async def say(self, text: str = "", *files: Upload) -> Message:
        """Write in the channel."""
        return self.person.say(text, *files)

    # Looking

    def sees(self) -> str:
        """Return the text on the screen: the channel, failures of own actions, an open form."""
        core = self._stage.server.core
        parts = [read_message(core, m) for m in self.person.sees()]
        parts += [f"{i.label or 'control'}: {i.failure}" for i in self.person.failures() if i.failure]
        if self.form is not None:
            parts.append(read_form(self.form))
        return "\n\n".join(parts)

    async def until_sees(self, *words: str, timeout: float = PATIENCE_S) -> str:
        """Wait until all words stand on the screen."""
        try:
            await self._stage.until(lambda: all(word in self.sees() for word in words), timeout)
        except TimeoutError:
            missing = ", ".join(repr(w) for w in words if w not in self.sees())
            raise JourneyError(f"{self.name} waited in vain for {missing}.\n{self._screen()}") from None
        return self.sees()

    def last(self) -> Message:
        """Return the newest message on the screen."""
        shown = self.person.sees()
        if not shown:
            raise JourneyError(f"{self.name} sees nothing in #{self.person.channel.name}.")
        return shown[-1]

    def buttons(self, on: Message | None = None) -> list[str]:
        """Return the labels of the buttons that can be pressed on a message, the newest by default."""
        parts = walk((on or self.last()).components)
        return [label_of(p) for p in parts if p["type"] == 2 and not p.get("disabled")]

    def files(self, on: Message | None = None) -> dict[str, bytes]:
        """Return the files of a message with their bytes."""
        message = on or self.last()
        world, store = self._stage.server.world, self._stage.server.core.store
        return {world.attachments[i].filename: store.get(i) or b"" for i in message.attachment_ids}

    # Within

    def _newest_with(self, wanted: str, kinds: tuple[int, ...], what: str) -> Message:
        for message in reversed(self.person.sees()):
            part = find_part(message.components, wanted, kinds)
            if part is not None and not part.get("disabled"):
                return message
        raise PersonError(f"there is no {what} {wanted!r} on the screen")

    async def _settle(self, interaction: Interaction, *, wait: bool) -> Message | None:
        """Wait for the answer, and for the edit that follows a deferred update."""
        pending = (InteractionState.WAITING, InteractionState.THINKING) if wait else (InteractionState.WAITING,)
        try:
            await self._stage.until(lambda: interaction.state not in pending)
            if wait and interaction.answer == 6:
                await self._after_update(interaction)
        except TimeoutError:
            raise PersonError(f"the bot is still {interaction.state}") from None
        if interaction.state is InteractionState.FAILED:
            raise PersonError(str(interaction.failure))
        if interaction.state is InteractionState.MODAL:
            self.form = interaction
            return None
        if interaction.response_id is None:
            return None
        return self._stage.server.world.message(interaction.channel_id, interaction.response_id)

    async def _after_update(self, interaction: Interaction) -> None:
        def done() -> bool:
            return interaction.original_edited or interaction.followups > 0

        try:
            await self._stage.until(done, AFTER_UPDATE_S)
        except TimeoutError:
            return

    def _telling(self, what: str) -> "_Telling":
        return _Telling(self, what)

    def _screen(self) -> str:
        shown = self.sees() or "(nothing)"
        return f"{self.name} sees in #{self.person.channel.name or 'DM'}:\n{shown}"

    def telling_screen(self) -> str:
        """Return the screen as failures show it."""
        return self._screen()


def _bare(value: Any) -> Any:
    """Return what the server knows of the people and places of a story."""
    if isinstance(value, Actor):
        return value.person
    if isinstance(value, Place):
        return value.channel
    return [_bare(item) for item in value] if isinstance(value, (list, tuple)) else value


class _Telling:
    """Turn what a person cannot do into a failure that shows their screen."""

    def __init__(self, actor: Actor, what: str) -> None:
        self._actor = actor
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, PersonError):
            told = f"{self._actor.name} {self._what}, but {error}\n{self._actor.telling_screen()}"
            raise JourneyError(told) from None

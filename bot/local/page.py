"""The message page: its files, its JSON endpoints, its pushes, and the rules that keep others out.

    page = MessagePage()
    async with LocalDiscord(clock, mount=(page.install,)) as server:
        print(page.address(server))

Everything a person does goes through `people.Person`; here is only JSON around it. See docs/local.md.
"""

import asyncio
import contextlib
import hmac
import json
import mimetypes
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.web_request import FileField

from bot.lifecycle import ended
from bot.local import changes
from bot.local.acting import Action, act
from bot.local.errors import ApiError
from bot.local.model import Wire
from bot.local.people import Person, PersonError, Upload
from bot.local.screen import Screen
from bot.local.server import LocalDiscord

KEY_HEADER = "X-Studiohand-Key"
STATIC = Path(__file__).parent / "static"
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self'; img-src 'self' blob:; media-src 'self'; object-src 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HELLO_WITHIN_S = 5.0
REFUSED_CLOSE = 4004
WORLD_CHANGES = (
    changes.BotPresence,
    changes.ChannelCreated,
    changes.ChannelDeleted,
    changes.ChannelEdited,
    changes.GuildCreated,
    changes.GuildDeleted,
    changes.GuildEdited,
    changes.MemberEdited,
    changes.MemberJoined,
    changes.MemberLeft,
    changes.RoleCreated,
    changes.RoleDeleted,
    changes.RoleEdited,
    changes.ThreadMembersChanged,
)
"""What can change names, places or permissions; the page then gets its whole small world anew."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class MessagePage:
    """The page of one local Discord. Give `install` to `LocalDiscord(mount=…)`."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key or secrets.token_urlsafe(32)
        self._server: LocalDiscord
        self._sockets: set[web.WebSocketResponse] = set()
        self.hold = False
        """While set, no page can connect; tests of the reconnecting line use it."""

    def address(self, server: LocalDiscord) -> str:
        """Return the address to open; the key is in the fragment, which browsers send to nobody."""
        return f"{server.url}/#key={self.key}"

    def install(self, app: web.Application, server: LocalDiscord) -> None:
        """Add the routes; called before the server starts."""
        self._server = server
        files = {p.relative_to(STATIC).as_posix(): p for p in STATIC.rglob("*") if p.is_file()}
        app.router.add_get("/", self._guarded(self._file_of({"": files["index.html"]})))
        app.router.add_get("/page/static/{name:.+}", self._guarded(self._file_of(files)))
        app.router.add_get("/page/world", self._guarded(self._keyed(self._world)))
        app.router.add_get("/page/messages", self._guarded(self._keyed(self._messages)))
        app.router.add_get("/page/commands", self._guarded(self._keyed(self._commands)))
        app.router.add_post("/page/act", self._guarded(self._keyed(self._act)))
        app.router.add_get("/page/ws", self._guarded(self._push))
        app.on_shutdown.append(self._close_sockets)

    # Who may ask

    def _guarded(self, handler: Handler) -> Handler:
        """Put the security headers on whatever is answered; who may ask at all is seen to at the doors."""

        async def handle(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            if not response.prepared:
                response.headers.update(SECURITY_HEADERS)
            return response

        return handle

    def _keyed(self, handler: Callable[[web.Request, Person], Awaitable[Wire | list[Wire]]]) -> Handler:
        """Ask for the key and name who acts; turn what a person cannot do into one sentence."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if not self._is_key(request.headers.get(KEY_HEADER)):
                return _problem(403, "The key is missing or wrong.")
            try:
                return _json(await handler(request, self._person(request.query.get("as"))))
            except PersonError as error:
                return _problem(400, str(error))
            except ApiError as error:
                return _json(error.body(), error.status)

        return handle

    def _is_key(self, given: object) -> bool:
        return isinstance(given, str) and hmac.compare_digest(given.encode(errors="replace"), self.key.encode())

    def _person(self, who: object) -> Person:
        """Return the person by id or name; nobody named is the first one, the owner."""
        people = self._server.people
        if not who:
            return people[0]
        for person in people:
            if str(who) in (str(person.id), person.name, person.user.username):
                return person
        raise PersonError("There is no such person.")

    # Answers

    def _file_of(self, files: dict[str, Path]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            path = files.get(request.match_info.get("name", ""))
            if path is None:
                return _problem(404, "There is no such file.")
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            kind = "text/javascript" if path.suffix == ".js" else kind
            text = kind.startswith("text/")
            return web.Response(
                body=await asyncio.to_thread(path.read_bytes),
                content_type=kind,
                charset="utf-8" if text else None,
                headers={"Cache-Control": "no-cache"},
            )

        return handle

    async def _world(self, _request: web.Request, person: Person) -> Wire:
        return Screen(self._server.core, person).world()

    async def _messages(self, request: web.Request, person: Person) -> list[Wire]:
        before = request.query.get("before", "")
        limit = request.query.get("limit", "50")
        if not limit.isdigit() or not 1 <= int(limit) <= 200 or (before and not before.isdigit()):
            raise PersonError("'limit' is 1 to 200, 'before' is a message id.")
        place = Action(self._server, person, dict(request.query), ()).channel()
        return Screen(self._server.core, person).messages(place, int(before) if before else None, int(limit))

    async def _commands(self, request: web.Request, person: Person) -> list[Wire]:
        place = Action(self._server, person, dict(request.query), ()).channel()
        return Screen(self._server.core, person).commands(place)

    async def _act(self, request: web.Request, _person: Person) -> Wire:
        body, files = await _read(request)
        return await act(Action(self._server, self._person(body.get("as")), body, files))

    # Pushes

    async def _push(self, request: web.Request) -> web.StreamResponse:
        if self.hold:
            return _problem(503, "Not now.")
        socket = web.WebSocketResponse(heartbeat=25.0, max_msg_size=4096)
        await socket.prepare(request)
        person = await self._greeted(socket)
        if person is None:
            await socket.close(code=REFUSED_CLOSE, message=b"key")
            return socket
        screen = Screen(self._server.core, person)
        waiting: asyncio.Queue[Wire] = asyncio.Queue()

        def hear(change: changes.Change) -> None:
            for event in events_of(screen, change):
                waiting.put_nowait(event)

        async def write() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    await socket.send_json(await waiting.get())

        stop = self._server.subscribe(hear)
        waiting.put_nowait({"t": "READY", "d": screen.world()})
        self._sockets.add(socket)
        writer = asyncio.ensure_future(write())
        try:
            async for _ in socket:
                pass
        finally:
            stop()
            self._sockets.discard(socket)
            await ended(writer)
        return socket

    async def _greeted(self, socket: web.WebSocketResponse) -> Person | None:
        """Return who sits at the page, None when the first message does not hold the key."""
        with contextlib.suppress(TimeoutError, ValueError, PersonError):
            first = await socket.receive(timeout=HELLO_WITHIN_S)
            body = json.loads(first.data) if first.type is WSMsgType.TEXT else None
            if isinstance(body, dict) and self._is_key(body.get("key")):
                return self._person(body.get("as"))
        return None

    async def drop_sockets(self, *, hold: bool = False) -> None:
        """End every push connection, and with `hold` let none come back until `hold` is unset."""
        self.hold = hold
        for socket in tuple(self._sockets):
            await socket.close(code=1001)

    async def _close_sockets(self, _app: web.Application) -> None:
        await self.drop_sockets()


def events_of(screen: Screen, change: changes.Change) -> list[Wire]:
    """Return what a change pushes to one person's page: nothing when they cannot see it."""
    person = screen.person
    match change:
        case changes.MessageCreated(message) if person.can_see(message):
            return [{"t": "MESSAGE_CREATE", "d": screen.message(message)}]
        case (
            changes.MessageEdited(message)
            | changes.ReactionAdded(message, _, _)
            | changes.ReactionRemoved(message, _, _)
        ) if person.can_see(message):
            return [{"t": "MESSAGE_UPDATE", "d": screen.message(message)}]
        case changes.MessageDeleted(message) if person.can_see(message):
            return [_gone(message.channel_id, message.id)]
        case changes.MessagesDeleted(channel_id, message_ids):
            return [_gone(channel_id, message_id) for message_id in message_ids]
        case changes.TypingStarted(channel_id, user_id):
            return [
                {"t": "TYPING_START", "d": {"channel_id": str(place.id), "user_id": str(user_id)}}
                for place in person.places()
                if place.id == channel_id
            ]
        case changes.CommandsChanged():
            return [{"t": "COMMANDS_UPDATE", "d": None}]
        case _ if isinstance(change, WORLD_CHANGES):
            events: list[Wire] = [{"t": "WORLD_UPDATE", "d": screen.world()}]
            return [*events, {"t": "COMMANDS_UPDATE", "d": None}]
        case _:
            return []


def _gone(channel_id: int, message_id: int) -> Wire:
    return {"t": "MESSAGE_DELETE", "d": {"channel_id": str(channel_id), "id": str(message_id)}}


async def _read(request: web.Request) -> tuple[Wire, list[tuple[str, Upload]]]:
    """Return the action and its files: JSON alone, or a form with `payload_json` beside the files."""
    files: list[tuple[str, Upload]] = []
    text: Any
    if request.content_type == "multipart/form-data":
        form = await request.post()
        text = form.get("payload_json")
        for field, value in form.items():
            if isinstance(value, FileField):
                data = await asyncio.to_thread(value.file.read)
                # Discord keeps no folders and no spaces in names of uploads.
                name = Path(value.filename.replace("\\", "/")).name.replace(" ", "_") or "file"
                files.append((field, Upload(name, data, value.content_type)))
    else:
        text = await request.text()
    try:
        body = json.loads(text)
    except (TypeError, ValueError):
        body = None
    if not isinstance(body, dict):
        raise PersonError("An action is a JSON object.")
    return body, files


def _json(body: Wire | list[Wire], status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
    )


def _problem(status: int, message: str) -> web.Response:
    return _json({"message": message}, status)

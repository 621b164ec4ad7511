"""The WebSocket side: hello, identify, resume, heartbeats, and every event, compressed as asked."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

from aiohttp import WSMsgType, web

from bot.local.changes import BotPresence, Change, GuildCreated
from bot.local.events import Event, Intent, blanked, events_of
from bot.local.model import Guild, Wire
from bot.local.payloads import Payloads
from bot.local.sockets import Connection, Encoder, plain, zlib_stream, zstd_stream
from bot.local.world import World

HEARTBEAT_MS = 41_250
MISSED_BEATS = 2.0
"""After so many intervals without a heartbeat a connection is dead."""
ACK_AFTER_S = 0.04
STALL_S = 5.0
"""A pause of our own loop this long says nothing about the others."""
KEPT_EVENTS = 1_000
KEPT_SESSIONS = 8
MAX_PAYLOAD_BYTES = 4_096
_KNOWN_INTENTS = (1 << 26) - 1


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    REQUEST_SOUNDBOARD = 31


class Close(IntEnum):
    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQ = 4007
    RATE_LIMITED = 4008
    TIMED_OUT = 4009
    INVALID_SHARD = 4010
    INVALID_API_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


class ApplicationFlag(IntFlag):
    """Privileged intents as they are switched on in the developer portal (limited ones for small bots)."""

    PRESENCE = 1 << 12 | 1 << 13
    MEMBERS = 1 << 14 | 1 << 15
    MESSAGE_CONTENT = 1 << 18 | 1 << 19


@dataclass(slots=True)
class Session:
    """What a bot identified as; it outlives its socket so that RESUME can replay."""

    id: str
    intents: int
    shard: tuple[int, int]
    seq: int = 0
    events: deque[tuple[int, Wire]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    connection: Connection | None = None

    def dispatch(self, name: str, data: Any) -> None:
        self.seq += 1
        event: Wire = {"op": int(Op.DISPATCH), "t": name, "s": self.seq, "d": data}
        self.events.append((self.seq, event))
        if self.connection is not None:
            self.connection.send(event)

    def covers(self, guild_id: int | None) -> bool:
        index, count = self.shard
        return (guild_id >> 22) % count == index if guild_id else index == 0


class Gateway:
    """All sessions of the bot. Events of the world go out to each session that asked for them."""

    def __init__(self, world: World, payloads: Payloads) -> None:
        self._world = world
        self._payloads = payloads
        self._connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        """How many times a bot identified (not resumed)."""
        self.resumed = 0
        self.heartbeat_ms = HEARTBEAT_MS
        self.missed_beats = MISSED_BEATS
        self.answers_heartbeats = True
        """Unset, the line looks alive but nothing comes back: a zombie, which clients have to notice."""
        self._looked_at = 0.0
        self._handlers: dict[int, Callable[[Connection, Any], None]] = {
            Op.HEARTBEAT: self._heartbeat,
            Op.IDENTIFY: self._identify,
            Op.RESUME: self._resume,
            Op.PRESENCE: lambda _connection, _: None,
            Op.VOICE_STATE: lambda _connection, _: None,
            Op.REQUEST_SOUNDBOARD: lambda _connection, _: None,
            Op.REQUEST_MEMBERS: self._request_members,
        }

    @property
    def online(self) -> bool:
        """Whether a bot is connected and identified now."""
        return any(session.connection for session in self.sessions.values())

    # On demand, for tests

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for connection in tuple(self._connections):
            connection.send({"op": int(Op.RECONNECT), "d": None})

    def invalid_session(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is gone (op 9)."""
        for connection in tuple(self._connections):
            if not resumable and connection.session is not None:
                self.sessions.pop(connection.session.id, None)
                connection.session.connection = None
                connection.session = None
            connection.send({"op": int(Op.INVALID_SESSION), "d": resumable})

    def close(self, code: int = Close.UNKNOWN_ERROR) -> None:
        for connection in tuple(self._connections):
            self._detach(connection)
            connection.close(code)

    def drop(self) -> None:
        """Cut every socket; what happens until the client is back is replayed on RESUME."""
        for connection in tuple(self._connections):
            self._detach(connection)
            connection.drop()

    def drop_silent(self) -> None:
        """Close connections whose heartbeats stopped (4009); their sessions are gone."""
        now = asyncio.get_running_loop().time()
        stalled, self._looked_at = now - self._looked_at > STALL_S, now
        for connection in tuple(self._connections):
            if stalled:
                connection.beat()
            elif now - connection.last_beat > self.heartbeat_ms / 1000 * self.missed_beats:
                self._detach(connection, forget=True)
                connection.close(Close.TIMED_OUT)

    # Events

    def hear(self, change: Change) -> None:
        """Send a change of the world to the sessions that may know of it."""
        if not self.sessions or isinstance(change, BotPresence):
            return
        wanted = 0
        for session in self.sessions.values():
            wanted |= session.intents
        for event in events_of(change, self._world, self._payloads, wanted):
            for session in self.sessions.values():
                self._offer(session, event)

    def _offer(self, session: Session, event: Event) -> None:
        if event.intents and not session.intents & event.intents:
            return
        if not session.covers(event.guild_id):
            return
        data = event.data
        if event.content_of is not None and not session.intents & Intent.MESSAGE_CONTENT:
            data = blanked(data, event.content_of, self._world)
        session.dispatch(event.name, data)

    # The socket

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Run one connection from hello to goodbye."""
        encoders: dict[str, Callable[[], Encoder]] = {"zlib-stream": zlib_stream, "zstd-stream": zstd_stream}
        make_encoder = encoders.get(request.query.get("compress", ""), lambda: plain)
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket, make_encoder(), request)
        if request.query.get("v", "10") not in ("9", "10"):
            connection.close(Close.INVALID_API_VERSION)
        if request.query.get("encoding", "json") != "json":
            connection.close(Close.DECODE_ERROR)
        self._connections.add(connection)
        connection.send({"op": int(Op.HELLO), "d": {"heartbeat_interval": self.heartbeat_ms}})
        writer = asyncio.ensure_future(connection.write())
        try:
            async for frame in socket:
                if frame.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._receive(connection, frame.data)
        finally:
            self._connections.discard(connection)
            # A goodbye of the client ends the session; its echo of our own close does not.
            goodbye = socket.close_code in (1000, 1001) and not connection.closed_by_us
            self._detach(connection, forget=goodbye)
            connection.stop()
            await writer
        return socket

    def _receive(self, connection: Connection, data: str | bytes) -> None:
        if connection.too_fast():
            connection.close(Close.RATE_LIMITED)
            return
        try:
            if len(data) > MAX_PAYLOAD_BYTES:
                raise ValueError
            body = json.loads(data)
            op, value = int(body["op"]), body.get("d")
        except (ValueError, KeyError, TypeError, AttributeError):
            connection.close(Close.DECODE_ERROR)
            return
        handler = self._handlers.get(op)
        if handler is None:
            connection.close(Close.UNKNOWN_OPCODE)
        elif connection.session is None and op not in (Op.HEARTBEAT, Op.IDENTIFY, Op.RESUME):
            connection.close(Close.NOT_AUTHENTICATED)
        else:
            handler(connection, value)

    def _heartbeat(self, connection: Connection, _: Any) -> None:
        connection.beat()
        if self.answers_heartbeats:
            # Over a network no answer comes at once; discord.py would reckon from the beat before this one.
            answer: Wire = {"op": int(Op.HEARTBEAT_ACK), "d": None}
            asyncio.get_running_loop().call_later(ACK_AFTER_S, connection.send, answer)

    def _attach(self, connection: Connection, session: Session) -> None:
        was_online = self.online
        if session.connection is not None and session.connection is not connection:
            old, session.connection = session.connection, None
            old.session = None
            old.close(Close.UNKNOWN_ERROR)
        connection.session, session.connection = session, connection
        if not was_online:
            self._world.emit(BotPresence(True))

    def _detach(self, connection: Connection, *, forget: bool = False) -> None:
        session = connection.session
        if session is None:
            return
        connection.session = None
        session.connection = None
        if forget:
            self.sessions.pop(session.id, None)
        if not self.online:
            self._world.emit(BotPresence(False))

    def _identify(self, connection: Connection, value: Any) -> None:
        if connection.session is not None:
            connection.close(Close.ALREADY_AUTHENTICATED)
            return
        if not isinstance(value, dict) or bare_token(value.get("token")) != self._world.application.token:
            connection.close(Close.AUTHENTICATION_FAILED)
            return
        intents = value.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents & ~_KNOWN_INTENTS:
            connection.close(Close.INVALID_INTENTS)
            return
        if not self._may_use(intents):
            connection.close(Close.DISALLOWED_INTENTS)
            return
        index, count = value.get("shard") or (0, 1)
        if not 0 <= index < count:
            connection.close(Close.INVALID_SHARD)
            return
        session = Session(secrets.token_hex(16), intents, (index, count))
        self._forget_sessions()
        self.sessions[session.id] = session
        self.identified += 1
        guilds = [g for g in self._world.bot_guilds() if session.covers(g.id)]
        self._attach(connection, session)
        session.dispatch("READY", self._ready(session, guilds))
        for guild in guilds:
            for event in events_of(GuildCreated(guild), self._world, self._payloads):
                self._offer(session, event)

    def _forget_sessions(self) -> None:
        """Let go of the oldest sessions that nobody came back for."""
        lost = [key for key, session in self.sessions.items() if session.connection is None]
        for key in lost[:-KEPT_SESSIONS]:
            del self.sessions[key]

    def _may_use(self, intents: int) -> bool:
        flags = self._world.application.flags
        pairs = (
            (Intent.PRESENCES, ApplicationFlag.PRESENCE),
            (Intent.GUILD_MEMBERS, ApplicationFlag.MEMBERS),
            (Intent.MESSAGE_CONTENT, ApplicationFlag.MESSAGE_CONTENT),
        )
        return all(flags & flag or not intents & intent for intent, flag in pairs)

    def _ready(self, session: Session, guilds: list[Guild]) -> Wire:
        app = self._world.application
        return {
            "v": 10,
            "user_settings": {},
            "user": self._payloads.myself(),
            "session_type": "normal",
            "session_id": session.id,
            "resume_gateway_url": self._payloads.addresses.gateway,
            "relationships": [],
            "private_channels": [],
            "presences": [],
            "guilds": [{"id": str(g.id), "unavailable": True} for g in guilds],
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "auth": {},
            "shard": list(session.shard),
            "application": {"id": str(app.id), "flags": app.flags},
            "_trace": [],
        }

    def _resume(self, connection: Connection, value: Any) -> None:
        if not isinstance(value, dict) or bare_token(value.get("token")) != self._world.application.token:
            connection.close(Close.AUTHENTICATION_FAILED)
            return
        session = self.sessions.get(str(value.get("session_id")))
        if session is None:
            connection.send({"op": int(Op.INVALID_SESSION), "d": False})
            return
        seen = value.get("seq")
        if not isinstance(seen, int) or seen > session.seq:
            connection.close(Close.INVALID_SEQ)
            return
        missed = [event for seq, event in session.events if seq > seen]
        if len(missed) < session.seq - seen:
            del self.sessions[session.id]
            connection.send({"op": int(Op.INVALID_SESSION), "d": False})
            return
        self.resumed += 1
        self._attach(connection, session)
        for event in missed:
            connection.send(event)
        session.dispatch("RESUMED", {"_trace": []})

    def _request_members(self, connection: Connection, value: Any) -> None:
        session = connection.session
        guild = self._world.guilds.get(int(value["guild_id"]))
        if session is None or guild is None:
            return
        found = list(guild.members.values())
        missing: list[str] = []
        if value.get("user_ids") is not None:
            listed = value["user_ids"] if isinstance(value["user_ids"], list) else [value["user_ids"]]
            missing = [str(i) for i in listed if int(i) not in guild.members]
            found = [guild.members[int(i)] for i in listed if int(i) in guild.members]
        elif query := value.get("query"):
            users = self._world.users
            found = [m for m in found if users[m.user_id].username.startswith(query.casefold())]
        elif not session.intents & Intent.GUILD_MEMBERS:
            return
        if limit := value.get("limit"):
            found = found[:limit]
        chunks = [found[at : at + 1000] for at in range(0, len(found), 1000)] or [[]]
        for index, chunk in enumerate(chunks):
            body: Wire = {
                "guild_id": str(guild.id),
                "members": [self._payloads.member(guild, m) for m in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": missing,
            }
            if "nonce" in value:
                body["nonce"] = value["nonce"]
            session.dispatch("GUILD_MEMBERS_CHUNK", body)

    async def stop(self) -> None:
        """Close all sockets, as a server that goes down."""
        for connection in tuple(self._connections):
            await connection.socket.close(code=1001)


def bare_token(token: object) -> str:
    """Return a token without the prefix that some libraries send."""
    return str(token or "").removeprefix("Bot ").strip()

"""A small Discord on 127.0.0.1 for the tests: REST, gateway and attachments, used by the real discord.py client.

Point the client at it before it starts: `discord.http.Route.BASE = server.api_base` and
`discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)`. What happens while no client is
connected waits for one and arrives in order. Messages follow the intents of the last identify: without message
content, a guild message that does not mention the bot arrives empty, as on Discord.
"""

import asyncio
import contextlib
import json
import mimetypes
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self
from urllib.parse import quote

from aiohttp import WSMsgType, web

Json = dict[str, Any]
Answer = tuple[int, Any]

GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 9, 1 << 12, 1 << 15
EPHEMERAL, LOADING = 64, 128
SENDING = 1 << 6 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16  # react, see, send, embed, attach, read history
UPLOAD_LIMIT_BYTES = 10 << 20
BOT_ID = 9003 << 40
WEBHOOK = {"webhook_id": str(BOT_ID), "application_id": str(BOT_ID)}


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes
    description: str | None


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: Any
    files: list[Upload]


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str, **errors: str) -> None:
        listed = {field: {"_errors": [{"code": error, "message": message}]} for field, error in errors.items()}
        self.answer: Answer = status, {"code": code, "message": message, **({"errors": listed} if listed else {})}


@dataclass
class Interaction:
    id: str
    channel_id: int
    source: Json | None  # the message of a component
    answered: bool = False
    original: Json | None = None


_POINTER = {"message_id": "id", "channel_id": "channel_id"}


class DiscordServer:
    token = "fake.discord.token"
    guild_id = 9001 << 40 | 1 << 22  # on the second of two shards
    channel_id, bot_id, user_id = 9002 << 40, BOT_ID, 9004 << 40
    dm_channel_id, elsewhere_id = 9005 << 40, 9006 << 40  # elsewhere: a conversation without the bot, context 2
    channel_ids = (channel_id, 9008 << 40, 9009 << 40)  # of the guild
    role_id = 9007 << 40  # of the bot itself, managed by Discord

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.identifies: list[Json] = []
        self.resumes = 0
        self.refuse_message_content = False
        self.guild_locale = "en-US"
        self.gateway_refusals = 0  # so many connections are not taken
        self.denied = 0  # rights that nobody has in the guild's channel
        self.break_off: set[str] = set()  # attachments whose next download ends in the middle
        self.messages: dict[int, Json] = {}
        self.commands: list[Json] = []
        self._files: dict[str, tuple[bytes, str]] = {}
        self._interactions: dict[str, Interaction] = {}
        self._injected: list[tuple[str, str, Answer]] = []
        self.max_concurrency, self.starts_left = 1, 999
        self.identified: list[tuple[int, float]] = []  # shards, and when
        self._sessions: dict[str, Session] = {}
        self._last_id = 0
        self._online, self._arrived = asyncio.Event(), asyncio.Condition()
        self._events: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.add_routes([web.get("/gateway", self._gateway), web.route("*", "/{path:.*}", self._rest)])
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._base = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self.api_base, self.gateway_url = f"http://{self._base}/api/v10", f"ws://{self._base}/gateway"
        self._sender = asyncio.create_task(self._send_events())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)
        await self.drop()
        await self._runner.cleanup()

    def add_file(
        self,
        content: bytes,
        name: str = "track.mp3",
        content_type: str = "audio/mpeg",
        size: int | None = None,
        *,
        title: str | None = None,
    ) -> Json:
        """An uploaded file: an attachment object.

        `size` is what it claims, if not its length; `title` what Discord keeps of a name with other letters than ASCII.
        """
        number = self._new_id()
        self._files[number] = content, content_type
        url = f"http://{self._base}/attachments/{self.channel_id}/{number}/{quote(name)}"
        sizes = {"size": len(content) if size is None else size}
        names = {"id": number, "filename": name, **({"title": title} if title else {})}
        return {**names, "content_type": content_type, "url": url, "proxy_url": url, **sizes}

    async def post(
        self,
        content: str = "",
        *,
        attachments: Sequence[Json] = (),
        channel: Literal["guild", "dm"] | int = "guild",
        author_bot: bool = False,
        mentions_bot: bool = False,
        reference: Json | None = None,
        forwarded: Json | None = None,
        user_id: int | None = None,
        **other: Any,
    ) -> Json:
        """Somebody sends a message. A mention is written into the text, unless it is the ping of a reply.

        `other` are further fields of the message: mentioned roles, stickers, a poll.
        """
        mention = f"<@{self.bot_id}>"
        if mentions_bot and reference is None and mention not in content:
            content = f"{mention} {content}".strip()
        named = {"guild": self.channel_id, "dm": self.dm_channel_id}
        where = channel if isinstance(channel, int) else named[channel]
        message = self._new_message(where, self._user(user_id, bot=author_bot), content=content, reference=reference)
        if forwarded is not None:
            kept = ("content", "timestamp", "edited_timestamp", "flags", "type", "mentions", "mention_roles", "embeds")
            snapshot = {name: forwarded[name] for name in (*kept, "attachments", "components")}
            message["message_snapshots"] = [{"message": snapshot}]
            message["message_reference"] = {"type": 1, **{n: forwarded[m] for n, m in _POINTER.items()}}
        message |= {"attachments": list(attachments), "mentions": [self._user(self.bot_id)] if mentions_bot else []}
        message |= other
        await asyncio.wait_for(self._online.wait(), 15)
        self._emit_message("MESSAGE_CREATE", message)
        await self._events.join()
        return message

    async def emit(self, event: str, data: Json) -> None:
        """Something happens, of which the bot is told in these words."""
        await asyncio.wait_for(self._online.wait(), 15)
        self._events.put_nowait((event, data))
        await self._events.join()

    async def change(self, message: Json, *, edited: bool = True, **fields: Any) -> None:
        """Somebody edits their message; without `edited` it is Discord that does, for instance with a preview."""
        message |= fields
        if edited:
            message["edited_timestamp"] = datetime.now(UTC).isoformat()
        self._emit_message("MESSAGE_UPDATE", message)
        await self._events.join()

    async def slash(
        self, name: str, options: Sequence[Json] = (), resolved: Json | None = None, *, guild: bool = True, **how: Any
    ) -> str:
        """Somebody uses a command; returns the interaction's token.

        `how`: permissions, locale, context, user_id, as_user_app.
        """
        where = self.channel_id if guild else self.elsewhere_id if how.get("context") == 2 else self.dm_channel_id
        data = {"name": name, "type": 1, "options": list(options), "resolved": resolved or {}}
        return await self._interact(2, data, where, **how)

    async def menu(self, name: str, message: Json, **how: Any) -> str:
        """Somebody chooses a command in the menu of a message."""
        data = {"name": name, "type": 3, "target_id": message["id"], "resolved": {"messages": {message["id"]: message}}}
        return await self._interact(2, data, int(message["channel_id"]), **how)

    async def press(self, message: Json, custom_id: str, *, values: Sequence[str] = (), **how: Any) -> str:
        """Somebody presses a component that the message has now; LookupError if it has none, or a disabled one.

        `values` are what is chosen in a menu.
        """
        source = self.messages[int(message["id"])]
        found = [part for part in _parts(source["components"]) if part.get("custom_id") == custom_id]
        if not found or found[0].get("disabled"):
            raise LookupError(f"Nothing to press: {custom_id!r} in {source['components']}")
        if unknown := set(values) - {option["value"] for option in found[0].get("options", ())}:
            raise LookupError(f"Nothing to choose: {unknown}")
        data = {"component_type": found[0]["type"], "custom_id": custom_id, "values": list(values)}
        return await self._interact(3, data, int(source["channel_id"]), source=source, **how)

    async def drop(self) -> None:
        """Cut the gateway's connection without a close frame: the client comes back and resumes."""
        self._online.clear()
        for session in self._sessions.values():
            if session.socket is not None and session.socket.transport is not None:
                session.socket.transport.abort()

    async def kill_session(self) -> None:
        """Invalid session: the client identifies anew, which discord.py does 5 seconds later."""
        await asyncio.wait_for(self._online.wait(), 15)
        self._online.clear()
        ended = [session.socket for session in self._sessions.values() if session.socket is not None]
        self._sessions.clear()
        for socket in ended:
            await socket.send(9, d=False)

    def fail(self, method: str, path_part: str, *, status: int, body: Json, times: int = 1) -> None:
        self._injected += [(method, path_part, (status, body))] * times

    async def wait_for(
        self, method: str, path_part: str, *, number: int = 1, with_files: bool = False, timeout_s: float = 15
    ) -> Request:
        """The request of that number (from 1) with that method and path, once it has been dealt with.

        `with_files` counts only those that carry files: what is said while a slow machine still listens has none.
        """

        def found() -> list[Request]:
            calls = (call for call in self.requests if call.method == method and path_part in call.path)
            return [call for call in calls if call.files or not with_files]

        try:
            async with asyncio.timeout(timeout_s), self._arrived:
                await self._arrived.wait_for(lambda: len(found()) >= number)
        except TimeoutError:
            seen = [f"{call.method} {call.path}" for call in self.requests]
            raise AssertionError(f"No {method} {path_part} number {number}; there were {seen}") from None
        return found()[number - 1]

    # Discord's objects

    def _new_id(self) -> str:
        self._last_id = max(self._last_id + 1, (int(time.time() * 1000) - 1_420_070_400_000) << 22)
        return str(self._last_id)

    def _user(self, user_id: int | None = None, *, bot: bool = False) -> Json:
        number = user_id or self.user_id
        names = {"username": f"person{number}", "discriminator": "0", "avatar": None}
        return {"id": str(number), "bot": bot or number == self.bot_id, **names}

    def _member(self, user_id: int | None = None) -> Json:
        times = {"joined_at": "2024-01-01T00:00:00+00:00", "premium_since": None}
        return {"user": self._user(user_id), "roles": [], "deaf": False, "mute": False, "flags": 0, **times}

    def _channel(self, number: int, *, recipients: bool = True) -> Json:
        if number in self.channel_ids:
            names = {"name": "music", "position": 0, "guild_id": str(self.guild_id)}
            denied = {"id": str(self.guild_id), "type": 0, "allow": "0", "deny": str(self.denied)}
            return {"id": str(number), "type": 0, **names, "permission_overwrites": [denied]}
        if number not in (self.dm_channel_id, self.elsewhere_id):
            raise Refusal(404, 10003, "Unknown Channel")
        return {"id": str(number), "type": 1, **({"recipients": [self._user()]} if recipients else {})}

    def _guild(self) -> Json:
        everyone = {"id": str(self.guild_id), "name": "@everyone", "permissions": str(SENDING), "position": 0}
        everyone |= {"color": 0, "hoist": False, "managed": False, "mentionable": False}
        names = {"id": str(self.guild_id), "name": "Raves", "owner_id": str(self.user_id), "emojis": [], "stickers": []}
        own = {**everyone, "id": str(self.role_id), "name": "genre-bot", "permissions": "0", "position": 1}
        own |= {"managed": True, "tags": {"bot_id": str(self.bot_id)}}
        bot = {**self._member(self.bot_id), "roles": [str(self.role_id)]}
        members = {"members": [bot, self._member()], "member_count": 2, "features": []}
        lists = {
            "roles": [everyone, own],
            "channels": [self._channel(number) for number in self.channel_ids],
            **members,
        }
        levels = (
            "verification_level default_message_notifications explicit_content_filter premium_tier mfa_level nsfw_level"
        )
        return {**names, **lists, **dict.fromkeys(levels.split(), 0), "preferred_locale": self.guild_locale}

    def _application(self) -> Json:
        names = {"id": str(self.bot_id), "name": "genre-bot", "icon": None, "description": "", "owner": self._user()}
        return {**names, "bot_public": True, "bot_require_code_grant": False, "verify_key": "", "flags": 1 << 19}

    def _new_message(
        self, where: int, author: Json, *, content: str = "", flags: int = 0, reference: Json | None = None
    ) -> Json:
        message: Json = {"id": self._new_id(), "channel_id": str(where), "author": author, "content": content}
        message |= {"timestamp": datetime.now(UTC).isoformat(), "edited_timestamp": None, "flags": flags, "type": 0}
        message |= {name: [] for name in ("mentions", "mention_roles", "attachments", "embeds", "components")}
        message |= dict.fromkeys(("tts", "pinned", "mention_everyone"), False)
        if reference is not None:
            guild = {"guild_id": str(self.guild_id)} if where in self.channel_ids else {}
            pointer = {"type": 0, "message_id": reference["id"], "channel_id": reference["channel_id"], **guild}
            shown = {key: value for key, value in reference.items() if key != "referenced_message"}
            message |= {"type": 19, "message_reference": pointer, "referenced_message": shown}
        self.messages[int(message["id"])] = message
        return message

    async def _interact(
        self,
        kind: int,
        data: Json,
        where: int,
        *,
        permissions: int = 0,
        locale: str = "en-US",
        context: int | None = None,
        user_id: int | None = None,
        source: Json | None = None,
        as_user_app: bool = False,
    ) -> str:
        known = Interaction(self._new_id(), where, source)
        token = f"interaction-{known.id}"
        self._interactions[token] = known
        ids = [it["id"] for it in self.commands if (it["name"], it["type"]) == (data.get("name"), data.get("type"))]
        here = where in self.channel_ids
        payload = {"id": known.id, "application_id": str(self.bot_id), "type": kind, "token": token, "version": 1}
        payload |= {"data": {"id": (ids or [self._new_id()])[0], **data}, "locale": locale, "entitlements": []}
        payload |= {"channel_id": str(where), "channel": self._channel(where, recipients=False)}
        payload |= {"app_permissions": str(SENDING), "attachment_size_limit": UPLOAD_LIMIT_BYTES}
        payload |= {"context": int(not here) if context is None else context}
        owners = {"0": str(self.guild_id)} if here and not as_user_app else {"1": str(user_id or self.user_id)}
        payload |= {"authorizing_integration_owners": owners}
        if here:
            guild = {"id": str(self.guild_id), "locale": self.guild_locale, "features": []}
            payload |= {"guild_id": guild["id"], "guild": guild, "guild_locale": self.guild_locale}
            payload["member"] = {**self._member(user_id), "permissions": str(permissions)}
        else:
            payload["user"] = self._user(user_id)
        if source is not None:
            payload["message"] = source
        await asyncio.wait_for(self._online.wait(), 15)
        self._events.put_nowait(("INTERACTION_CREATE", _copy(payload)))
        await self._events.join()
        return token

    # The gateway

    def _emit_message(self, event: str, message: Json) -> None:
        """Tell the bot of a message, as far as its intents go."""
        where = int(message["channel_id"])
        intents = self.identifies[-1]["intents"] if self.identifies else 0
        needed = {self.dm_channel_id: DIRECT_MESSAGES, **dict.fromkeys(self.channel_ids, GUILD_MESSAGES)}.get(where, 0)
        if message["flags"] & EPHEMERAL or not intents & needed:
            return
        seen = _copy(message)
        if where in self.channel_ids:
            seen |= {"guild_id": str(self.guild_id), "member": self._member(int(message["author"]["id"]))}
            people = [person["id"] for person in (message["author"], *message["mentions"])]
            if not intents & MESSAGE_CONTENT and str(self.bot_id) not in people:
                seen |= {"content": "", "attachments": [], "embeds": [], "components": []}
        self._events.put_nowait((event, seen))

    async def _send_events(self) -> None:
        while True:
            event, data = await self._events.get()
            await self._online.wait()
            await self._dispatch(event, data)
            self._events.task_done()

    async def _dispatch(self, event: str, data: Json) -> None:
        """Tell every session whose shard it is: a new process may be there before the old one has gone."""
        for session in list(self._sessions.values()):
            if session.is_told_of(data):
                with contextlib.suppress(ConnectionError):
                    await session.send(event, data)

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        if self.gateway_refusals:
            self.gateway_refusals -= 1
            return web.Response(status=503)
        socket = Socket(request, web.WebSocketResponse())
        await socket.ws.prepare(request)
        await socket.send(10, {"heartbeat_interval": 41_250})
        async for frame in socket.ws:
            sent: Json = json.loads(frame.data) if frame.type is WSMsgType.TEXT else {"op": 0}
            if sent["op"] == 1:
                await socket.send(11)
            elif sent["op"] == 2:
                await self._identify(socket, sent["d"])
            elif sent["op"] == 6 and (session := self._sessions.get(sent["d"]["session_id"])):
                self.resumes += 1
                session.socket = socket
                await session.send("RESUMED", {})
                self._online.set()
            elif sent["op"] == 6:
                await socket.send(9, d=False)
        for session in self._sessions.values():
            if session.socket is socket:
                session.socket = None
        if not any(session.socket for session in self._sessions.values()):
            self._online.clear()
        return socket.ws

    async def _identify(self, socket: "Socket", wanted: Json) -> None:
        self.identifies.append(wanted)
        if wanted["token"] != self.token:
            await socket.ws.close(code=4004, message=b"Authentication failed.")
        elif self.refuse_message_content and wanted["intents"] & MESSAGE_CONTENT:
            await socket.ws.close(code=4014, message=b"Disallowed intent(s).")
        else:
            shard, of = wanted.get("shard", [0, 1])
            self.identified.append((shard, time.monotonic()))
            session = Session(f"session-{len(self.identifies)}", shard, of, socket)
            ready = {"v": 10, "user": self._user(self.bot_id), "session_id": session.name, "shard": [shard, of]}
            guilds = [self._guild()] if session.is_told_of({"guild_id": str(self.guild_id)}) else []
            ready |= {"guilds": [{"id": guild["id"], "unavailable": True} for guild in guilds]}
            self._sessions[session.name] = session
            await session.send("READY", ready | {"resume_gateway_url": self.gateway_url})
            for guild in guilds:
                await session.send("GUILD_CREATE", guild)
            self._online.set()

    # REST

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        call = await _decode(request)
        try:
            status, answer = self._answer(call, request)
        except Refusal as refusal:
            status, answer = refusal.answer
        self.requests.append(call)
        async with self._arrived:
            self._arrived.notify_all()
        if isinstance(answer, tuple):
            return await self._file_response(request, *answer)
        if answer is None:
            return web.Response(status=status)
        headers = {"Via": "1.1 google"} if status == 429 else {}  # without it discord.py does not wait and retry
        body = json.dumps(answer).encode()
        return web.Response(status=status, body=body, content_type="application/json", headers=headers)

    async def _file_response(self, request: web.Request, content: bytes, content_type: str) -> web.StreamResponse:
        number = request.path.split("/")[-2]
        first = request.http_range.start or 0
        if number not in self.break_off:
            return web.Response(body=content[first:], status=206 if first else 200, content_type=content_type)
        self.break_off.discard(number)
        broken = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await broken.prepare(request)
        await broken.write(content[: len(content) // 2])
        assert request.transport is not None
        request.transport.abort()
        return broken

    def _answer(self, call: Request, request: web.Request) -> Answer:
        for injected in self._injected:
            if injected[0] == call.method and injected[1] in call.path:
                self._injected.remove(injected)
                return injected[2]
        parts = call.path.strip("/").split("/")
        shown = request.headers.get("Authorization")
        if shown != f"Bot {self.token}" and (shown or parts[0] not in ("webhooks", "interactions", "attachments")):
            raise Refusal(401, 0, "401: Unauthorized")
        match parts:
            case ["channels", channel, *rest]:
                return self._in_channel(call, self._channel(int(channel)), rest)
            case ["interactions", number, token, "callback"]:
                answer = self._respond(call, number, token)
                return (200, answer) if request.query.get("with_response") in ("1", "true") else (204, None)
            case ["webhooks", _, token, *rest]:
                return self._follow_up(call, token, rest)
            case _:
                return self._elsewhere(call, parts)

    def _elsewhere(self, call: Request, parts: list[str]) -> Answer:
        match call.method, parts:
            case "GET", ["users", "@me"]:
                return 200, self._user(self.bot_id)
            case "POST", ["users", "@me", "channels"]:
                return 200, self._channel(self.dm_channel_id)
            case "GET", ["gateway", *_]:
                limit = {"total": 1000, "remaining": self.starts_left, "reset_after": 18_000_000}
                limit |= {"max_concurrency": self.max_concurrency}
                return 200, {"url": self.gateway_url, "shards": 1, "session_start_limit": limit}
            case "GET", [*_, "applications", "@me"]:
                return 200, self._application()
            case (("GET" | "PUT"), ["applications", _, *_, "commands"]):
                if call.method == "PUT":
                    base = {"type": 1, "description": "", "application_id": str(self.bot_id), "version": "1"}
                    self.commands = [{**base, **new, "id": self._new_id()} for new in call.body]
                return 200, self.commands
            case "GET", ["attachments", _, number, _] if number in self._files:
                return 200, self._files[number]
        raise Refusal(404, 0, "404: Not Found")

    def _in_channel(self, call: Request, channel: Json, rest: list[str]) -> Answer:
        match call.method, rest:
            case "GET", []:
                return 200, channel
            case "POST", ["typing"]:
                return 204, None
            case "POST", ["messages"]:
                if int(channel["id"]) in self.channel_ids and self.denied & (1 << 11 | (1 << 15 if call.files else 0)):
                    raise Refusal(403, 50013, "Missing Permissions")
                return 200, self._send(int(channel["id"]), call.body, call.files)
            case _, ["messages", number]:
                return self._at_message(call, int(number))
        raise Refusal(404, 0, "404: Not Found")

    def _at_message(self, call: Request, number: int) -> Answer:
        message = self.messages.get(number)
        if message is None:
            raise Refusal(404, 10008, "Unknown Message")
        if call.method == "DELETE":
            self._emit_message("MESSAGE_DELETE", self.messages.pop(number))
            return 204, None
        if call.method == "PATCH":
            if message["author"]["id"] != str(self.bot_id):
                raise Refusal(403, 50005, "Cannot edit a message authored by another user")
            self._edit(message, call.body, call.files)
        return 200, message

    def _send(self, where: int, body: Json, files: list[Upload], via_webhook: bool = False) -> Json:
        if not files and not any(body.get(key) for key in ("content", "embeds", "components")):
            raise Refusal(400, 50006, "Cannot send an empty message")
        pointer = body.get("message_reference")
        reference = self.messages.get(int(pointer["message_id"])) if pointer else None
        if pointer and reference is None and pointer.get("fail_if_not_exists", True):
            raise Refusal(400, 50035, "Unknown message", message_reference="REPLIES_UNKNOWN_MESSAGE")
        _check(body)
        message = self._new_message(where, self._user(self.bot_id), reference=reference)
        message |= WEBHOOK if via_webhook else {}
        self._write(message, body, files)
        self._emit_message("MESSAGE_CREATE", message)
        return message

    def _edit(self, message: Json, body: Json, files: list[Upload]) -> None:
        _check(body)
        self._write(message, {**body, "flags": (body.get("flags") or 0) & ~EPHEMERAL}, files)
        message["edited_timestamp"] = datetime.now(UTC).isoformat()
        self._emit_message("MESSAGE_UPDATE", message)

    def _write(self, message: Json, body: Json, files: list[Upload]) -> None:
        """Apply a request's body to a message. Attachments that an edit does not list go away."""
        empty = {"content": "", "embeds": [], "components": []}
        message |= {key: body[key] or empty[key] for key in empty if key in body}
        message["flags"] = message["flags"] & ~LOADING | (body.get("flags") or 0)
        if body.get("attachments") is not None:
            listed = {str(attachment["id"]) for attachment in body["attachments"]}
            message["attachments"] = [one for one in message["attachments"] if one["id"] in listed]
        for upload in files:
            content_type = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
            attachment = self.add_file(upload.content, upload.name, content_type)
            described = {} if upload.description is None else {"description": upload.description}
            message["attachments"] = [*message["attachments"], {**attachment, **described}]

    def _respond(self, call: Request, number: str, token: str) -> Json:
        known = self._interactions.get(token)
        if known is None or known.id != number:
            raise Refusal(404, 10062, "Unknown interaction")
        if known.answered:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        kind, data = call.body["type"], call.body.get("data") or {}
        if kind == 4:
            known.original = self._send(known.channel_id, data, call.files, via_webhook=True)
        elif kind == 5:
            flags = LOADING | data.get("flags", 0)
            known.original = self._new_message(known.channel_id, self._user(self.bot_id), flags=flags)
            known.original |= WEBHOOK
        elif kind in (6, 7) and known.source is not None:
            known.original = known.source
            if kind == 7:
                self._edit(known.source, data, call.files)
        known.answered = True
        flags = known.original["flags"] if known.original is not None else 0
        about: Json = {"id": known.id, "type": 2 if known.source is None else 3}
        about |= {"response_message_id": known.original["id"]} if known.original is not None else {}
        about["response_message_loading"] = bool(flags & LOADING)
        about["response_message_ephemeral"] = bool(flags & EPHEMERAL)
        resource = {"type": kind, **({"message": known.original} if kind in (4, 7) else {})}
        return {"interaction": about, "resource": resource}

    def _follow_up(self, call: Request, token: str, rest: list[str]) -> Answer:
        known = self._interactions.get(token)
        if known is None or not known.answered:
            raise Refusal(404, 10015, "Unknown Webhook")
        if rest:
            original = int(known.original["id"]) if known.original is not None else 0
            return self._at_message(call, original if rest[-1] == "@original" else int(rest[-1]))
        if known.original is not None and known.original["flags"] & LOADING:  # becomes the answer that was deferred
            self._edit(known.original, call.body, call.files)
            return 200, known.original
        return 200, self._send(known.channel_id, call.body, call.files, via_webhook=True)


@dataclass(slots=True)
class Session:
    """What a shard has identified as; it outlives its connection."""

    name: str
    shard: int
    of: int
    socket: "Socket | None"
    sequence: int = 0

    def is_told_of(self, data: Json) -> bool:
        """Whether an event is this shard's: direct messages are the first one's."""
        return (int(data.get("guild_id", 0)) >> 22) % self.of == self.shard

    async def send(self, event: str, data: Json) -> None:
        if self.socket is not None:
            self.sequence += 1
            await self.socket.send(0, data, event, self.sequence)


class Socket:
    """A gateway connection. zlib-stream is honoured; instead of any other compression discord.py takes plain text."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self.ws, self.transport = ws, request.transport
        self._deflate = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None

    async def send(self, op: int, d: Any = None, t: str | None = None, s: int | None = None) -> None:
        text = json.dumps({"op": op, "d": d, "t": t, "s": s})
        if self._deflate is None:
            await self.ws.send_str(text)
        else:
            await self.ws.send_bytes(self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH))


def _copy(data: Json) -> Json:
    copied: Json = json.loads(json.dumps(data))
    return copied


def _parts(components: list[Json]) -> list[Json]:
    """Every component, those inside of others too."""
    inside = [part for one in components for part in (*one.get("components", ()), one.get("accessory")) if part]
    return [*components, *_parts(inside)] if inside else components


def _check(body: Json) -> None:
    if len(body.get("content") or "") > 2000:
        raise Refusal(400, 50035, "Must be 2000 or fewer in length.", content="BASE_TYPE_MAX_LENGTH")


async def _decode(request: web.Request) -> Request:
    path = "/" + request.path.removeprefix("/api/v10").lstrip("/")
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return Request(request.method, path, json.loads(raw) if raw else None, [])
    form = await request.post()
    body = json.loads(str(form["payload_json"]))
    listed = (body.get("data") or body).get("attachments") or []
    described = {f"files[{attachment['id']}]": attachment.get("description") for attachment in listed}
    uploads = [(name, field) for name, field in form.items() if isinstance(field, web.FileField)]
    files = [Upload(field.filename, field.file.read(), described.get(name)) for name, field in uploads]
    return Request(request.method, path, body, files)

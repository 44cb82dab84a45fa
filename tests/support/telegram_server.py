"""A Telegram Bot API server on this machine: python-telegram-bot talks to it as it would to api.telegram.org."""

import asyncio
import hashlib
import html
import itertools
import json
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Self
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, web

Json = dict[str, Any]

LARGEST_DOWNLOAD = 20 << 20
LARGEST_PHOTO = 10 << 20
LONGEST = {"text": 4096, "caption": 1024}
LONGEST_POLL_S = 0.5
PIECE = 64 << 10
STRINGS = {"text", "caption", "description", "short_description", "callback_query_id", "file_id", "photo", "document"}
"""Parameters that stay strings even where they look like JSON."""

MEDIA: dict[str, Json] = {
    "audio": {"duration": 60},
    "document": {},
    "photo": {"width": 1280, "height": 720},
    "video": {"width": 1280, "height": 720, "duration": 60},
    "video_note": {"length": 240, "duration": 60},
    "voice": {"duration": 60},
}
REPLACED = {
    "text": {"text", "entities"},
    "caption": {"caption", "caption_entities"},
    "media": {*MEDIA, "caption", "caption_entities"},
    "reply_markup": set[str](),
}
RIGHTS = "manage_chat delete_messages manage_video_chats restrict_members promote_members change_info invite_users"
RIGHTS += " post_stories edit_stories delete_stories be_edited"
QUERY_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


@dataclass(frozen=True)
class Upload:
    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Call:
    method: str
    params: Json
    files: dict[str, Upload]

    @property
    def upload(self) -> Upload:
        """The only file of the call, whatever the name of its part."""
        (upload,) = self.files.values()
        return upload

    def __str__(self) -> str:
        params = {name: repr(value)[:60] for name, value in self.params.items()}
        return f"{self.method} {params | {name: f'{len(file.content)} bytes' for name, file in self.files.items()}}"


@dataclass
class _File:
    content: bytes
    path: str
    told: Json  # what messages and getFile tell of it
    stalls: bool = False


class _Refused(Exception):
    """An error to answer; without a status the connection is closed instead."""

    def __init__(self, description: str, status: int | None = 400, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.body: Json = {"ok": False, "error_code": status, "description": description}
        self.body |= {} if retry_after is None else {"parameters": {"retry_after": retry_after}}


class TelegramServer:
    """`async with TelegramServer() as telegram:` serves on a free port; people write with `send`, `press`, `join`."""

    def __init__(self, *, token: str = "123456:TEST-token_abc") -> None:
        self.token = token
        self.base_url = self.base_file_url = ""
        self.calls: list[Call] = []  # every call but getUpdates, refused ones included
        self.can_read_all_group_messages = True
        self.is_local = False  # started with --local: no limit of downloads
        self.administrators: dict[int, set[int]] = {}  # of each chat; the lowest id is its creator
        self.bot: Json = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Genre Bot"}
        self.bot["username"] = "genre_bot"
        self._changed = asyncio.Event()
        self._closing = False
        self._numbers: Counter[str] = Counter()
        self._updates: deque[Json] = deque()
        self._files: dict[str, _File] = {}
        self._faults: defaultdict[str, deque[_Refused]] = defaultdict(deque)
        self._messages: dict[tuple[int, int], Json] = {}
        self._sent: list[Json] = []
        self._queries: set[str] = set()
        self._commands: Json = {}  # by scope and language
        self.backends: list[str] = []  # what stands behind the address of the webhook: one after the other is called
        self.refused_calls: list[int] = []  # what was answered to calls that are repeated
        self.repeats = 0  # so many further calls for what has been taken: the answer was lost on its way
        self._webhook: Json = {}
        self._trouble: Json = {}
        self._calling: asyncio.Task[None] | None = None
        self._methods: dict[str, Callable[[Call], Any]] = {
            "answerCallbackQuery": self._answer_callback_query,
            "deleteMessage": self._delete_message,
            "deleteWebhook": self._delete_webhook,
            "editMessageCaption": lambda call: self._edit(call, "caption"),
            "editMessageMedia": lambda call: self._edit(call, "media"),
            "editMessageReplyMarkup": lambda call: self._edit(call, "reply_markup"),
            "editMessageText": lambda call: self._edit(call, "text"),
            "getChat": self._get_chat,
            "getChatAdministrators": self._get_chat_administrators,
            "getChatMember": lambda call: self._member(call.params["chat_id"], call.params["user_id"]),
            "getFile": self._get_file,
            "getMe": self._get_me,
            "getWebhookInfo": self._get_webhook_info,
            "getMyCommands": lambda call: self._commands.get(_scope(call), []),
            "leaveChat": lambda _: True,
            "sendChatAction": lambda _: True,
            "sendDocument": lambda call: self._send(call, "document"),
            "sendMessage": lambda call: self._send(call, "text"),
            "sendPhoto": lambda call: self._send(call, "photo"),
            "setMyCommands": self._set_commands,
            "setWebhook": self._set_webhook,
            "setMyDescription": lambda call: _fits(call, "description", 512),
            "setMyShortDescription": lambda call: _fits(call, "short_description", 120),
        }

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        root = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.base_url, self.base_file_url = f"{root}/bot", f"{root}/file/bot"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        if self._calling:
            self._calling.cancel()
        self._signal()
        await self._runner.cleanup()

    # What people do

    def add_file(self, content: bytes, *, name: str = "track.mp3") -> str:
        number, unique_id = self._next("file"), f"u{hashlib.sha256(content).hexdigest()[:15]}"
        file_id = f"{unique_id}-{number}"
        told = {"file_id": file_id, "file_unique_id": unique_id, "file_size": len(content)}
        self._files[file_id] = _File(content, f"files/file_{number}{PurePath(name).suffix}", told)
        return file_id

    def stall(self, file_id: str) -> None:
        """Let the download of this file hang after its first bytes."""
        self._files[file_id].stalls = True

    def send(
        self,
        *,
        chat_id: int,
        user_id: int = 7,
        text: str | None = None,
        photo: bool = False,
        media_type: str | None = "audio/mpeg",
        file_name: str | None = "track.mp3",
        file_size: int | None = None,
        reply_to: Json | None = None,
        caption: str | None = None,
        media_group_id: str | None = None,
        language_code: str = "en",
        chat_type: str | None = None,
        date: int | None = None,
        is_bot: bool = False,
        **media: str | None,
    ) -> Json:
        """A message to the bot; `media` is audio, document, video, video_note or voice, with the id of a file.

        What is returned is delivered at the next await: until then it can be changed into something odder.
        """
        content: Json = {"text": text, "caption": caption, "media_group_id": media_group_id}
        for kind, file_id in media.items():
            if file_id is not None:
                file = self._files[file_id]
                file.told["file_size"] = len(file.content) if file_size is None else file_size
                content[kind] = self._medium(kind, file_id, file_name, media_type)
        if photo:
            content["photo"] = self._medium("photo", self.add_file(b"a photo", name="photo.jpg"))
        content |= {"entities": _entities(text or ""), "caption_entities": _entities(caption or "")}
        sender = self._user(user_id, language_code, is_bot)
        message = self._message(self._chat(chat_id, chat_type), sender, content, reply_to, date)
        self._update("message", message)
        return message

    def press(self, message: Json, data: str, *, user_id: int = 7, language_code: str = "en") -> None:
        """Press a button of the bot's message, which is sent along as it is by now."""
        query_id = str(10**15 + self._next("query"))
        self._queries.add(query_id)
        now = deepcopy(self._messages.get(_key(message), message))
        query = {"id": query_id, "from": self._user(user_id, language_code), "message": now, "data": data}
        self._update("callback_query", query | {"chat_instance": str(message["chat"]["id"])})

    def join(self, chat_id: int, user_id: int, language_code: str = "en") -> None:
        """Let a person add the bot to a group."""
        who = {"chat": self._chat(chat_id), "from": self._user(user_id, language_code), "date": int(time.time())}
        old, new = ({"user": self.bot, "status": status} for status in ("left", "member"))
        self._update("my_chat_member", who | {"old_chat_member": old, "new_chat_member": new})

    def delete(self, message: Json) -> None:
        """Let a person delete a message; the bot is told nothing, as on Telegram."""
        self._messages.pop(_key(message), None)

    # What goes wrong

    def fail(
        self, method: str, *, status: int, description: str, retry_after: int | None = None, times: int = 1
    ) -> None:
        """Refuse the next calls of the method; "download" stands for the download of a file, here and in `drop`."""
        self._faults[method].extend(_Refused(description, status, retry_after) for _ in range(times))

    def drop(self, method: str, times: int = 1) -> None:
        """Close the connection on the next calls of the method, without an answer and without any effect."""
        self._faults[method].extend(_Refused("dropped", None) for _ in range(times))

    # What the bot did

    def of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def sent(self, number: int = -1) -> Json:
        """The number-th message that the bot sent, with its later edits."""
        return deepcopy(self._sent[number])

    async def wait_for(self, method: str, *, number: int = 1, timeout_s: float = 15.0, **params: Any) -> Call:
        """The number-th call of the method with these parameters; of a dict only the given keys count."""
        deadline = time.monotonic() + timeout_s
        while True:
            changed = self._changed
            if len(found := [call for call in self.of(method) if _contains(call.params, params)]) >= number:
                return found[number - 1]
            try:
                await asyncio.wait_for(changed.wait(), deadline - time.monotonic())
            except TimeoutError:
                made = "".join(f"\n  {call}" for call in self.calls) or " none"
                wanted = f"{len(found)} of {number} calls of {Call(method, params, {})}"
                raise AssertionError(f"{wanted} in {timeout_s} s; calls made:{made}") from None

    # HTTP

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info.get("method", "download")
        try:
            call = await _read(method, request)
            if method not in ("download", "getUpdates"):
                self.calls.append(call)
                self._signal()
            if request.match_info["token"] != self.token:
                raise _Refused("Unauthorized", 401)
            if self._faults[method]:
                raise self._faults[method].popleft()
            if method == "download":
                return await self._download(request)
            if method == "getUpdates":
                result: Any = await self._poll(call.params)
            elif method in self._methods:
                result = self._methods[method](call)
            else:
                raise _Refused("Not Found: method not found", 404)
        except _Refused as error:
            if error.status is not None:
                return web.json_response(error.body, status=error.status)
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return web.json_response({"ok": True, "result": result})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file = next((file for file in self._files.values() if file.path == request.match_info["path"]), None)
        if file is None:
            raise _Refused("Not Found", 404)
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = len(file.content)
        await response.prepare(request)
        for start in range(0, len(file.content), PIECE):
            if file.stalls:
                await response.write(file.content[: min(PIECE, len(file.content) // 2)])
                await asyncio.Event().wait()
            await response.write(file.content[start : start + PIECE])
        await response.write_eof()
        return response

    async def _call(self) -> None:
        """Call the webhook with one update after the other, again and again until it says that it has it."""
        turns = itertools.count()
        async with ClientSession() as session:
            while self._webhook:
                if not self._updates or not self.backends:
                    await asyncio.sleep(0.01)
                    continue
                update, hook = self._updates[0], self._webhook
                if update.keys().isdisjoint(hook["allowed_updates"]):
                    self._updates.popleft()
                    continue
                url = self.backends[next(turns) % len(self.backends)] + urlsplit(hook["url"]).path
                headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret_token"], "Host": "bot.example.org"}
                try:
                    async with session.post(url, json=update, headers=headers) as response:
                        status = response.status
                except ClientError:
                    status = 0
                if status != 200:
                    self.refused_calls.append(status)
                    words = f"Wrong response from the webhook: {status}"
                    self._trouble = {"last_error_date": int(time.time()), "last_error_message": words}
                    await asyncio.sleep(0.05)
                elif self.repeats:
                    self.repeats -= 1
                else:
                    self._updates.popleft()

    async def _poll(self, params: Json) -> list[Json]:
        if self._webhook:
            words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise _Refused(f"Conflict: {words}", 409)
        deadline = time.monotonic() + min(params.get("timeout", 0), LONGEST_POLL_S)
        while self._updates and self._updates[0]["update_id"] < params.get("offset", 0):
            self._updates.popleft()
        allowed = params.get("allowed_updates")
        while True:
            changed = self._changed
            ready = [update for update in self._updates if not allowed or not update.keys().isdisjoint(allowed)]
            left = deadline - time.monotonic()
            if ready or self._closing or left <= 0:
                return ready[: params.get("limit", 100)]
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)

    # The methods of the Bot API

    def _get_me(self, _: Call) -> Json:
        groups = {"can_join_groups": True, "can_read_all_group_messages": self.can_read_all_group_messages}
        return self.bot | groups | {"supports_inline_queries": False}

    def _set_commands(self, call: Call) -> bool:
        self._commands[_scope(call)] = call.params["commands"]
        return True

    def _delete_webhook(self, call: Call) -> bool:
        if call.params.get("drop_pending_updates"):
            self._updates.clear()
        self._webhook = {}
        return True

    def _set_webhook(self, call: Call) -> bool:
        secret = call.params["secret_token"]
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise _Refused("Bad Request: secret token contains unallowed characters")
        if not call.params["url"].startswith("https://"):
            raise _Refused("Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        self._webhook, self._trouble = call.params, {}
        if self._calling is None or self._calling.done():
            self._calling = asyncio.create_task(self._call())
        return True

    def _get_webhook_info(self, _: Call) -> Json:
        waiting = {"pending_update_count": len(self._updates), "has_custom_certificate": False}
        known = {name: self._webhook[name] for name in ("url", "allowed_updates") if name in self._webhook}
        return {"url": "", **known, **waiting, **self._trouble}

    def _get_file(self, call: Call) -> Json:
        file = self._files.get(call.params["file_id"])
        if file is None:
            raise _Refused("Bad Request: invalid file_id")
        if file.told["file_size"] > LARGEST_DOWNLOAD and not self.is_local:
            raise _Refused("Bad Request: file is too big")
        return file.told | {"file_path": file.path}

    def _delete_message(self, call: Call) -> bool:
        if self._messages.pop((call.params["chat_id"], call.params["message_id"]), None) is None:
            raise _Refused("Bad Request: message to delete not found")
        return True

    def _answer_callback_query(self, call: Call) -> bool:
        if call.params["callback_query_id"] not in self._queries:
            raise _Refused(QUERY_TOO_OLD)
        return _fits(call, "text", 200)

    def _get_chat(self, call: Call) -> Json:
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, True)}
        return self._chat(call.params["chat_id"]) | more

    def _get_chat_administrators(self, call: Call) -> list[Json]:
        chat_id = call.params["chat_id"]
        if chat_id > 0:
            raise _Refused("Bad Request: there are no administrators in the private chat")
        return [self._member(chat_id, user_id) for user_id in sorted(self.administrators.get(chat_id, ()))]

    def _member(self, chat_id: int, user_id: int) -> Json:
        administrators = self.administrators.get(chat_id, set())
        member: Json = {"user": self.bot if user_id == self.bot["id"] else self._user(user_id)}
        if user_id not in administrators:
            return member | {"status": "member"}
        if user_id == min(administrators):
            return member | {"status": "creator", "is_anonymous": False}
        rights = {f"can_{right}": True for right in RIGHTS.split()}
        return member | {"status": "administrator", "is_anonymous": False} | rights

    def _send(self, call: Call, kind: str) -> Json:
        chat_id: int = call.params["chat_id"]
        reply: Json = call.params.get("reply_parameters") or {}
        replied = self._messages.get((reply.get("chat_id", chat_id), reply.get("message_id", 0)))
        if reply and replied is None and not reply.get("allow_sending_without_reply"):
            raise _Refused("Bad Request: message to be replied not found")
        content = self._content(call, kind, call.params) | _keyboard(call)
        self._sent.append(self._message(self._chat(chat_id), self.bot, content, replied))
        return self._sent[-1]

    def _edit(self, call: Call, part: str) -> Json:
        """An edit without a keyboard takes the keyboard away, as on Telegram."""
        message = self._messages.get((call.params["chat_id"], call.params["message_id"]))
        if message is None:
            raise _Refused("Bad Request: message to edit not found")
        if message["from"] != self.bot:
            raise _Refused("Bad Request: message can't be edited")
        if (part == "text" and "text" not in message) or (part == "caption" and "text" in message):
            raise _Refused(f"Bad Request: there is no {part} in the message to edit")
        content = _keyboard(call)
        if part == "media":
            media = call.params["media"]
            content |= self._content(call, media["type"], media | {media["type"]: media["media"]})
        elif part != "reply_markup":
            content |= self._content(call, part, call.params)
        dropped = REPLACED[part] | {"reply_markup"}
        edited = {name: value for name, value in message.items() if name not in dropped} | content
        if edited == message:
            raise _Refused(NOT_MODIFIED)
        message.clear()
        message |= edited | {"edit_date": int(time.time())}
        return message

    # Parts of messages

    def _content(self, call: Call, kind: str, source: Json) -> Json:
        """What the bot's message of this kind holds: its file, checked and kept, and its words."""
        content: Json = {}
        if kind in MEDIA:
            file_id = source.get(kind, kind)
            if upload := call.files.get(file_id.removeprefix("attach://")):
                size = len(upload.content)
                if kind == "photo" and size > LARGEST_PHOTO:
                    limit = f"the maximum size is {LARGEST_PHOTO} bytes"
                    raise _Refused(f"Bad Request: file of size {size} bytes is too big for a photo; {limit}")
                if not size:
                    raise _Refused("Bad Request: file must be non-empty")
                file_id = self.add_file(upload.content, name=upload.name)
            elif file_id not in self._files:
                raise _Refused("Bad Request: wrong file identifier/HTTP URL specified")
            name, media_type = (upload.name, upload.media_type) if upload else (None, None)
            content[kind] = self._medium(kind, file_id, name, media_type)
        part, entities = ("text", "entities") if kind == "text" else ("caption", "caption_entities")
        words = source.get(part, "")
        if source.get("parse_mode") == "HTML":
            words = html.unescape(re.sub(r"<[^>]+>", "", words))
        if kind == "text" and not words:
            raise _Refused("Bad Request: message text is empty")
        if len(words) > LONGEST[part]:
            raise _Refused(f"Bad Request: message {'' if part == 'text' else 'caption '}is too long")
        return content | {name: value for name, value in ((part, words), (entities, source.get(entities))) if value}

    def _message(
        self, chat: Json, sender: Json, content: Json, reply_to: Json | None = None, date: int | None = None
    ) -> Json:
        message: Json = {"message_id": self._next(f"message in {chat['id']}"), "chat": chat, "from": sender}
        message["date"] = int(time.time()) if date is None else date
        if reply_to is not None:
            message["reply_to_message"] = {k: v for k, v in deepcopy(reply_to).items() if k != "reply_to_message"}
        message |= {name: value for name, value in content.items() if value is not None and value != []}
        self._messages[_key(message)] = message
        return message

    def _medium(self, kind: str, file_id: str, name: str | None = None, media_type: str | None = None) -> Any:
        file = self._files[file_id]
        medium = file.told | MEDIA[kind]
        if kind == "photo":
            small = self._files[self.add_file(b"small " + file.content, name="small.jpg")].told
            return [small | {"width": 90, "height": 51}, medium]
        if name and kind in ("audio", "document", "video"):
            medium["file_name"] = name
        if media_type and kind != "video_note":
            medium["mime_type"] = media_type
        return medium

    @staticmethod
    def _chat(chat_id: int, kind: str | None = None) -> Json:
        kind = kind or ("private" if chat_id > 0 else "supergroup")
        return {"id": chat_id, "type": kind, "first_name" if kind == "private" else "title": f"Chat {chat_id}"}

    @staticmethod
    def _user(user_id: int, language_code: str = "en", is_bot: bool = False) -> Json:
        return {"id": user_id, "is_bot": is_bot, "first_name": f"User {user_id}", "language_code": language_code}

    def _update(self, kind: str, content: Json) -> None:
        self._updates.append({"update_id": self._next("update"), kind: content})
        self._signal()

    def _next(self, what: str) -> int:
        self._numbers[what] += 1
        return self._numbers[what]

    def _signal(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


async def _read(method: str, request: web.Request) -> Call:
    call = Call(method, {}, {})
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file as file:
                call.files[name] = Upload(value.filename, file.read(), value.content_type)
        else:
            call.params[name] = value
            if name not in STRINGS:
                with suppress(ValueError):
                    call.params[name] = json.loads(str(value))
    return call


def _keyboard(call: Call) -> Json:
    """The keyboard under the message, checked; other kinds of reply_markup do not come back with a message."""
    markup = call.params.get("reply_markup") or {}
    for button in (button for row in markup.get("inline_keyboard", ()) for button in row):
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise _Refused("Bad Request: BUTTON_DATA_INVALID")
    return {"reply_markup": markup} if markup.get("inline_keyboard") else {}


def _entities(text: str) -> list[Json]:
    command = len(text.split(maxsplit=1)[0]) if text.startswith("/") else 0
    mention = text.find("@genre_bot", command)
    found = [{"type": "bot_command", "offset": 0, "length": command}] if command else []
    return found + ([{"type": "mention", "offset": mention, "length": len("@genre_bot")}] if mention >= 0 else [])


def _scope(call: Call) -> str:
    scope = call.params.get("scope") or {"type": "default"}
    return json.dumps([scope, call.params.get("language_code", "")], sort_keys=True)


def _fits(call: Call, name: str, longest: int) -> bool:
    if len(call.params.get(name, "")) > longest:
        raise _Refused(f"Bad Request: {name} is too long")
    return True


def _key(message: Json) -> tuple[int, int]:
    return message["chat"]["id"], message["message_id"]


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return all(_contains(actual.get(name), value) for name, value in wanted.items())
    return bool(actual == wanted)

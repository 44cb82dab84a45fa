"""The web adapter: turns HTTP requests into service calls and answers into pages or JSON. It decides nothing else."""

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.adapters.platform import ChatAdapter, Hook
from bot.adapters.web.feedback import PageFeedback, read_vote_form
from bot.adapters.web.forms import ClipForm, held_audio, read_clip_form, timely
from bot.adapters.web.guard import HOOKS, guarded, is_loopback
from bot.adapters.web.pages import Shown, genre_colours, render_page
from bot.adapters.web.shelf import Shelf, Shelved
from bot.executors import Executor, WorkerState
from bot.failures import Failure, FailureKind
from bot.health import Health
from bot.jobs import Answer
from bot.limits import Hold
from bot.replies import failure_texts
from bot.service import Asker, GenreService
from bot.texts import LANGUAGES, Texts, best_language, texts_in
from classifier.terminal import unicode_name
from config import Settings

if TYPE_CHECKING:
    from bot.storage import Storage

log = logging.getLogger(__name__)

_STATIC = Path(__file__).with_name("static")
_SAMPLE = _STATIC / "sample.mp3"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src data: blob:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "edm-genre-bot",
}
_FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
_FEEDBACK_HEADER = "Feedback-Token"
_STATUS: dict[FailureKind, int] = {
    FailureKind.NO_FILE: 400,
    FailureKind.BAD_OFFSET: 400,
    FailureKind.BAD_CHOICE: 400,
    FailureKind.FEEDBACK_OFF: 403,
    FailureKind.DOWNLOAD: 408,
    FailureKind.GONE: 410,
    FailureKind.TOO_LARGE: 413,
    FailureKind.TOO_OFTEN: 429,
    FailureKind.BUSY: 503,
    FailureKind.STOPPING: 503,
    FailureKind.STORAGE: 503,
    FailureKind.NO_WORKERS: 503,
    FailureKind.TIMEOUT: 504,
    FailureKind.CRASHED: 500,
    FailureKind.INTERNAL: 500,
}
_WRONG_FILE_STATUS = 422
_CALL_BYTES = 1_000_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebAdapter:
    """The page, its JSON twin and the health check."""

    def __init__(self, settings: Settings, service: GenreService, health: Health | None = None) -> None:
        self._settings = settings
        self._service = service
        self._health = health or Health(service)
        self._watch(service)
        self._shelf = Shelf()
        self._feedback: PageFeedback | None = None
        self._hooks: dict[str, Hook] = {}

    def ask_for_feedback(self, storage: "Storage") -> None:
        """From now on people are asked whether an answer was right. Without it the page does all the rest."""
        self._feedback = PageFeedback(storage, self._shelf)

    def open_hooks(self, adapters: Sequence[ChatAdapter]) -> None:
        """From now on platforms may call the bot through the page's port."""
        self._hooks = {adapter.hook.name: adapter.hook for adapter in adapters if adapter.hook}

    def application(self) -> web.Application:
        """The routes, ready to be run by aiohttp."""
        application = web.Application(middlewares=[_secured, guarded(self._settings)])
        application.router.add_get("/", self.show_page)
        application.router.add_post("/", self.answer_page)
        application.router.add_post("/sample", self.answer_sample)
        application.router.add_get("/genres.css", self.colours)
        application.router.add_post("/api/classify", self.answer_json)
        application.router.add_post("/feedback", self.take_feedback)
        application.router.add_post("/api/feedback", self.take_feedback_json)
        application.router.add_post(f"{HOOKS}{{name}}", self.take_call)
        application.router.add_get("/healthz", self.health)
        application.router.add_get("/livez", self.alive)
        application.router.add_get("/metrics", self.metrics)
        application.router.add_static("/static", _STATIC)
        return application

    async def show_page(self, request: web.Request) -> web.Response:
        """The empty page; or an answer once more, which `answer` names, in another language."""
        return self._page(request, self._shelved(request.query.get("answer", "")))

    async def answer_page(self, request: web.Request) -> web.Response:
        try:
            form, answer = await self._identify(request, with_excerpt=True)
        except Failure as failure:
            return self._page(request, Shown(failure=failure), status=_status(failure))
        return self._page(request, self._shown(form, answer))

    async def answer_sample(self, request: web.Request) -> web.Response:
        """An answer about our own piece, for who has no file at hand, and no script to send it."""
        content = await asyncio.to_thread(_SAMPLE.read_bytes)
        form = ClipForm(held_audio(_SAMPLE.name, content), offset_s=0.0, whole_track=False, listen_on=None)
        try:
            answer = await self._answer(form, with_excerpt=True, asker=self._asker(request), hold=None)
        except Failure as failure:
            return self._page(request, Shown(failure=failure), status=_status(failure))
        return self._page(request, self._shown(form, answer))

    async def answer_json(self, request: web.Request) -> web.Response:
        try:
            form, answer = await self._identify(request, with_excerpt=False)
        except Failure as failure:
            return self._refusal(request, failure)
        response = _json(answer.classification.to_dict(file=unicode_name(form.audio.name)))
        if self._feedback:  # beside the answer, which stays what the command line says
            response.headers[_FEEDBACK_HEADER] = self._shown(form, replace(answer, picture_png=b"")).token
        return response

    async def colours(self, _: web.Request) -> web.Response:
        """The genres' colours as a style sheet: the page allows no styles within it."""
        return web.Response(text=genre_colours(), content_type="text/css", headers={"Cache-Control": "max-age=3600"})

    async def take_feedback(self, request: web.Request) -> web.Response:
        """A verdict from the page's form, where no script sends it."""
        try:
            token = await self._take_vote(request)
        except Failure as failure:
            return self._page(request, Shown(failure=failure), status=_status(failure))
        return self._page(request, replace(self._shelved(token), notice=_texts(request)("vote-thanks")))

    async def take_feedback_json(self, request: web.Request) -> web.Response:
        try:
            await self._take_vote(request)
        except Failure as failure:
            return self._refusal(request, failure)
        return _json({"message": _texts(request)("vote-thanks")})

    async def take_call(self, request: web.Request) -> web.Response:
        """A chat platform tells what has happened."""
        hook = self._hooks.get(request.match_info["name"])
        if hook is None:
            raise web.HTTPNotFound
        body = bytearray()
        try:
            async for chunk in timely(request):
                body += chunk
                if len(body) > _CALL_BYTES:
                    raise web.HTTPRequestEntityTooLarge(_CALL_BYTES, len(body))
        except (Failure, TimeoutError) as error:
            raise web.HTTPBadRequest from error
        return web.Response(status=await hook.take(request.headers.get(hook.secret_header, ""), bytes(body)))

    async def health(self, request: web.Request) -> web.Response:
        """What is so now: 200 where everything that is switched on works. The details are for the operator."""
        facts, failing = await self._health.facts()
        if not self._is_operator(request):
            facts = {name: facts[name] for name in ("status", "failing", "model_version")}
        return _json(facts, status=503 if failing else 200)

    async def alive(self, _: web.Request) -> web.Response:
        """That this process runs, and nothing else."""
        return _json({"status": "alive"})

    async def metrics(self, request: web.Request) -> web.Response:
        if not self._is_operator(request):
            raise web.HTTPForbidden(text="Only from this machine, or with METRICS_TOKEN.\n")
        return web.Response(body=self._service.metrics.exposition(), content_type="text/plain", charset="utf-8")

    def _is_operator(self, request: web.Request) -> bool:
        """Whoever has the token; without one, whoever is on this machine and does not come through a proxy."""
        token = self._settings.metrics_token
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
            return True
        is_forwarded = not _FORWARDED.isdisjoint(name.lower() for name in request.headers)
        return token is None and not is_forwarded and is_loopback(request.remote or "")

    def _watch(self, service: GenreService) -> None:
        pool, metrics = service.pool, service.metrics
        metrics.watch("queue_waiting", "Files that wait for a worker", lambda: pool.waiting)
        metrics.watch("queue_running", "Files that a worker has", lambda: pool.running)
        metrics.watch("workers_restarted", "Workers replaced before their time", lambda: pool.restarts)
        metrics.watch("held_bytes", "Bytes of files in memory", lambda: service.budget.held_bytes)
        for state in WorkerState:
            metrics.watch(f"workers_{state}", f"Workers that are {state}", partial(_count, pool, state))

    async def _identify(self, request: web.Request, *, with_excerpt: bool) -> tuple[ClipForm, Answer]:
        """Read the form and ask the service; whatever goes wrong comes out as a `Failure`."""
        try:
            with self._service.budget.hold() as hold:
                form = await read_clip_form(
                    request,
                    limit_bytes=self._settings.max_upload_bytes,
                    timeout_s=self._settings.upload_timeout_s,
                    hold=hold,
                )
                asker = self._asker(request)
                return form, await self._answer(form, with_excerpt=with_excerpt, asker=asker, hold=hold)
        except Failure:
            raise
        except Exception as error:  # the last line of defence: a person gets a reference, the log the traceback
            failure = Failure(FailureKind.INTERNAL, type(error).__name__)
            log.exception("No answer: %s", failure)
            raise failure from error

    def _asker(self, request: web.Request) -> Asker | None:
        """Whoever asks from elsewhere has limits as people in chats have; on this machine the queue is limit enough."""
        if is_loopback(self._settings.web_host):
            return None
        return Asker(user=f"web:user:{request.remote}", chat=f"web:chat:{request.remote}")

    async def _answer(self, form: ClipForm, *, with_excerpt: bool, asker: Asker | None, hold: Hold | None) -> Answer:
        return await self._service.identify(
            form.audio,
            offset_s=form.offset_s,
            whole_track=form.whole_track,
            listen_on=form.listen_on,
            with_excerpt=with_excerpt and not form.whole_track,
            asker=asker,
            hold=hold,
        )

    def _shown(self, form: ClipForm, answer: Answer) -> Shown:
        """A new answer, which is put on the shelf."""
        model = self._service.model
        offset = "" if form.offset_s is None else f"{form.offset_s:g}"
        token = ""
        if model is not None:  # which an answer without workers lacks: from a cache, while they are replaced
            token = self._shelf.put(Shelved(answer, model, form.audio.name, offset, form.whole_track))
        return Shown(
            offset=offset,
            whole_track=form.whole_track,
            answer=answer,
            file_name=form.audio.name,
            token=token,
            may_vote=bool(token and self._feedback),
        )

    def _shelved(self, token: str) -> Shown:
        """An answer from the shelf; nothing where it is gone."""
        shelved = self._shelf.get(token)
        if shelved is None or not shelved.answer.picture_png:
            return Shown()
        return Shown(
            offset=shelved.offset,
            whole_track=shelved.whole_track,
            answer=shelved.answer,
            file_name=shelved.file_name,
            token=token,
            may_vote=self._feedback is not None,
            verdict=shelved.verdict,
        )

    async def _take_vote(self, request: web.Request) -> str:
        """Keep a vote; returns the token of its answer. Raises `Failure`."""
        try:
            form = await read_vote_form(request)
            if self._feedback is None:
                raise Failure(FailureKind.FEEDBACK_OFF)
            await self._feedback.take(form)
            return form.token
        except Failure as failure:
            level = logging.WARNING if failure.kind.is_ours else logging.INFO
            log.log(level, "No feedback: %s", failure)
            raise

    def _refusal(self, request: web.Request, failure: Failure) -> web.Response:
        words = failure_texts(failure, _texts(request), self._settings)
        error = {
            "kind": failure.kind.value,
            "message": words.reason,
            "advice": words.advice,
            "reference": words.reference,
        }
        return _json({"error": error}, status=_status(failure))

    def _page(self, request: web.Request, shown: Shown, *, status: int = 200) -> web.Response:
        ready, model = self._service.is_ready, self._service.model
        html = render_page(_texts(request), self._settings, shown, model=model, is_ready=ready)
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language"}
        return web.Response(text=html, content_type="text/html", status=status, headers=headers)


def _count(pool: Executor, state: WorkerState) -> int:
    return pool.states.count(state)


def _json(value: dict[str, Any], *, status: int = 200) -> web.Response:
    text = json.dumps(value, ensure_ascii=False) + "\n"
    return web.Response(text=text, content_type="application/json", status=status)


def _status(failure: Failure) -> int:
    return _STATUS.get(failure.kind, _WRONG_FILE_STATUS)


def _texts(request: web.Request) -> Texts:
    """The language of the `lang` parameter if it names one, else of the browser."""
    asked = request.query.get("lang", "")
    return texts_in(asked if asked in LANGUAGES else best_language(request.headers.get("Accept-Language", "")))


@web.middleware
async def _secured(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    response.headers.update(_HEADERS)
    return response

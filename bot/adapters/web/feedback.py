"""Feedback on the page: what its last answers rested on, each under a token that only its reader has, and the votes."""

import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs

from aiohttp import web
from cachetools import LRUCache

from bot.adapters.web.forms import timely
from bot.failures import Failure, FailureKind
from bot.feedback import write_down
from bot.jobs import Answer, ModelFacts
from bot.storage import Storage
from bot.votes import Evidence, Verdict, Voter, checked_vote, evidence_of, shown_by

_REMEMBERED = 256
_MAX_FIELDS, _MAX_BYTES = 8, 4096
_VOTER = Voter(platform="web", conversation="page", person="page")
"""The page asks nobody who they are: all its readers together are one person with one vote on an answer."""


@dataclass(frozen=True, slots=True)
class VoteForm:
    """What a form or a script posts; `genre` is empty where nobody said what is right."""

    token: str
    verdict: str
    genre: str


@dataclass(frozen=True, slots=True)
class _Votable:
    """An answer of the page that can still be voted on: what it showed (as in `Vote`), and what it rested on."""

    shown: str
    evidence: Evidence


class PageFeedback:
    """Keeps what the last answers rested on, in memory alone, until somebody votes on them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._answers: LRUCache[str, _Votable] = LRUCache(_REMEMBERED)

    def remember(self, answer: Answer, model: ModelFacts) -> str:
        """The token under which this answer can be voted on; nobody can guess it, so no other page can post it."""
        token = secrets.token_urlsafe(16)
        self._answers[token] = _Votable(shown_by(answer.classification), evidence_of(answer, model))
        return token

    async def take(self, form: VoteForm) -> None:
        """Keep a vote. Raises `Failure` (gone, bad choice, storage)."""
        answer = self._answers.get(form.token)
        if answer is None:
            raise Failure(FailureKind.GONE, "unknown token")
        vote = checked_vote(form.verdict, answer.shown, form.genre or None)
        await write_down(self._storage, _VOTER, vote, answer.evidence)


async def read_vote_form(request: web.Request) -> VoteForm:
    """Read the URL-encoded fields `token`, `verdict` and `genre`. Raises `Failure` (bad choice) for anything else."""
    try:
        if request.content_type != "application/x-www-form-urlencoded":
            raise ValueError(request.content_type)
        body = b""
        async for chunk in timely(request):
            body += chunk
            if len(body) > _MAX_BYTES:
                raise ValueError("too long")
        fields = parse_qs(body.decode(), max_num_fields=_MAX_FIELDS)
    except TimeoutError as error:
        raise Failure(FailureKind.DOWNLOAD, "a vote took too long") from error
    except ValueError as error:
        raise Failure(FailureKind.BAD_CHOICE, "no form", choices=", ".join(Verdict)) from error
    token, verdict, genre = (fields.get(name, [""])[0] for name in ("token", "verdict", "genre"))
    return VoteForm(token, verdict, genre)

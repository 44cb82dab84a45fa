"""Feedback on the page: the votes of its readers on the answers that it gave them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from aiohttp import web

from bot.adapters.web.forms import timely
from bot.adapters.web.shelf import Shelf
from bot.failures import Failure, FailureKind
from bot.feedback import write_down
from bot.votes import Verdict, Voter, checked_vote, evidence_of, shown_by

if TYPE_CHECKING:
    from bot.storage import Storage

_MAX_FIELDS, _MAX_BYTES = 8, 4096
_VOTER = Voter(platform="web", conversation="page", person="page")
"""The page asks nobody who they are: all its readers together are one person with one vote on an answer."""


@dataclass(frozen=True, slots=True)
class VoteForm:
    """What a form or a script posts; `genre` is empty where nobody said what is right."""

    token: str
    verdict: str
    genre: str


class PageFeedback:
    """Keeps what readers say about the answers on the shelf."""

    def __init__(self, storage: "Storage", shelf: Shelf) -> None:
        self._storage = storage
        self._shelf = shelf

    async def take(self, form: VoteForm) -> None:
        """Keep a vote. Raises `Failure` (gone, bad choice, storage)."""
        shelved = self._shelf.get(form.token)
        if shelved is None:
            raise Failure(FailureKind.GONE, "unknown token")
        vote = checked_vote(form.verdict, shown_by(shelved.answer.classification), form.genre or None)
        await write_down(self._storage, _VOTER, vote, evidence_of(shelved.answer, shelved.model))
        self._shelf.rate(form.token, vote.verdict)


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

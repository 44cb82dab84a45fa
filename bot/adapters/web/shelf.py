"""The page's last answers, in memory alone and without their sound, each under a token that only its reader has.

By its token an answer is shown again in another language, and rated.
"""

import secrets
from dataclasses import dataclass, replace

from cachetools import LRUCache

from bot.jobs import Answer, ModelFacts
from bot.votes import Verdict

_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Shelved:
    """An answer, the model that gave it, what had been asked for, and how its reader has rated it.

    `offset` is as it stands in the form.
    """

    answer: Answer
    model: ModelFacts
    file_name: str
    offset: str
    whole_track: bool
    verdict: Verdict | None = None


class Shelf:
    """Keeps the last answers; what is too old to be kept is gone."""

    def __init__(self) -> None:
        self._answers: LRUCache[str, Shelved] = LRUCache(_REMEMBERED)

    def put(self, shelved: Shelved) -> str:
        """The token under which this answer is found; nobody can guess it, so no other page can use it."""
        token = secrets.token_urlsafe(16)
        self._answers[token] = replace(shelved, answer=replace(shelved.answer, excerpt_wav=b""))
        return token

    def get(self, token: str) -> Shelved | None:
        return self._answers.get(token)

    def rate(self, token: str, verdict: Verdict) -> None:
        """Remember a reader's verdict, to be shown with the answer."""
        if (shelved := self._answers.get(token)) is not None:
            self._answers[token] = replace(shelved, verdict=verdict)

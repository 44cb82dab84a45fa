"""How alike two files are, in words."""

from dataclasses import replace

from bot.audio import IncomingAudio
from bot.failures import Failure
from bot.replies import Reply, failure_reply, headline, shortened
from bot.service import Asker, GenreService
from bot.texts import Texts
from config import Settings

_MUCH, _SOME = 0.95, 0.7
"""Shares of pairs that are less alike. The halves of one song are closer than 99.9 % of all pairs, two songs of one
genre closer than 71 % (medians; `python -m training similarity`)."""


class ComparisonDesk:
    """Compares two files, each heard all over."""

    def __init__(self, settings: Settings, service: GenreService) -> None:
        self._settings = settings
        self._service = service

    async def compare(self, first: IncomingAudio, second: IncomingAudio, texts: Texts, asker: Asker) -> Reply:
        """How alike two files are, and their genres; or why that cannot be said."""
        answers, about = [], ""
        try:
            for audio in (first, second):
                about = audio.name
                answers.append(await self._service.identify(audio, whole_track=True, asker=asker))
            about = ""
            share = await self._service.similarity(*answers)
        except Failure as failure:
            return replace(failure_reply(failure, texts, self._settings, name=about), is_private=False)
        how_much = "compare-much" if share >= _MUCH else "compare-some" if share >= _SOME else "compare-little"
        names = {"first": shortened(first.name), "second": shortened(second.name)}
        genres = [headline(answer.classification, texts) for answer in answers]
        return Reply(
            texts(how_much, **names),
            (
                texts("compare-share", share=texts.percent(min(share, 0.99))),
                texts("compare-genres", first=genres[0], second=genres[1]),
            ),
        )

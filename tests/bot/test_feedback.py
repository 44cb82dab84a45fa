"""What people say about answers: what is kept of it, what takes its place, and who can stop or delete it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.assistant import CommandName
from bot.conversation import Conversation, Platform
from bot.failures import Failure, FailureKind
from bot.replies import Reply
from bot.texts import texts_in
from bot.votes import NONE_OF_THEM, Verdict, Vote, checked_vote
from classifier.decoding import decode_window
from classifier.features import FEATURE_NAMES, extract_features
from classifier.genres import GENRES, SLUGS
from classifier.pipeline import GenreClassifier
from config import Settings
from tests.bot.chats import Wired, kept, wired
from tests.bot.conftest import WarmPool, incoming
from tests.bot.test_assistant import allowed, forbidden

GROUP = Conversation(Platform.DISCORD, "group-1", False, "en-GB", "person-7", "en-GB", True, allowed)
ELSEWHERE = replace(GROUP, id="group-2")


@pytest.fixture(scope="session")
def answering(shipped: Path) -> Path:
    """Its rows have all columns."""
    return shipped


async def answered(behind: Wired, track: bytes, *, whole_track: bool = False) -> Reply:
    reply = await behind.assistant.identify(GROUP, incoming(track), offset="12.5", whole_track=whole_track)
    assert reply.picture
    return reply


async def voted(
    behind: Wired,
    track: bytes,
    reply: Reply,
    verdict: Verdict,
    corrected: str | None = None,
    *,
    who: Conversation = GROUP,
) -> Reply:
    assert reply.vote
    vote = Vote(verdict, reply.vote.shown, corrected)
    return await behind.assistant.vote(who, incoming(track), vote, from_s=reply.vote.from_s)


async def refused(behind: Wired, track: bytes, reply: Reply) -> FailureKind:
    with pytest.raises(Failure) as caught:
        await voted(behind, track, reply, Verdict.RIGHT)
    return caught.value.kind


def another_than(slug: str) -> str:
    return next(other for other in SLUGS if other != slug)


async def test_a_vote_keeps_the_features_the_prediction_and_nobodys_number(
    behind: Wired, track_mp3: bytes, classifier: GenreClassifier
) -> None:
    reply = await answered(behind, track_mp3)
    assert reply.vote
    assert (reply.vote.from_s, reply.vote.right) == (12.5, "👍 Right")
    assert (await voted(behind, track_mp3, reply, Verdict.RIGHT)).text == texts_in("en")("vote-thanks")
    (row,) = await kept(behind.storage)
    assert (row.platform, row.start_s, row.verdict, row.corrected) == ("discord", 12.5, "right", None)
    assert row.predicted == reply.vote.shown
    assert f"{row.confidence:.0%}" in reply.headline
    assert behind.service.model
    assert row.model_version == behind.service.model.version
    assert len(row.digest) == 16
    expected = classifier.model.describe(decode_window(track_mp3, offset_s=12.5).samples)
    np.testing.assert_array_equal(np.frombuffer(row.features, "<f4"), expected)
    assert not {"person-7", "group-1"} & {str(value) for value in row}


async def test_the_columns_are_kept_once(behind: Wired, track_mp3: bytes, classifier: GenreClassifier) -> None:
    reply = await answered(behind, track_mp3)
    for person in ("1", "2"):
        await voted(behind, track_mp3, reply, Verdict.RIGHT, who=replace(GROUP, user_id=person))
    async with behind.storage.database.engine.connect() as connection:
        (row,) = await connection.exec_driver_sql("SELECT id, columns FROM feature_sets")
    assert tuple(row.columns.split("\n")) == classifier.model.columns
    assert {kept_row.feature_set for kept_row in await kept(behind.storage)} == {row.id}


async def test_after_wrong_comes_the_choice_and_takes_the_place_of_it(behind: Wired, track_mp3: bytes) -> None:
    reply = await answered(behind, track_mp3)
    assert reply.vote
    shown = reply.vote.shown
    asked = await voted(behind, track_mp3, reply, Verdict.WRONG)
    assert asked.headline == texts_in("en")("vote-question")
    assert [choice.value for choice in asked.choices] == [*(slug for slug in SLUGS if slug != shown), NONE_OF_THEM]
    assert asked.choices[0].label == f"{GENRES[0].emoji} {GENRES[0].name}" or SLUGS[0] == shown
    assert [(row.verdict, row.corrected) for row in await kept(behind.storage)] == [("wrong", None)]
    for corrected in (another_than(shown), NONE_OF_THEM):
        assert not (await voted(behind, track_mp3, reply, Verdict.WRONG, corrected)).choices
        assert [(row.verdict, row.corrected) for row in await kept(behind.storage)] == [("wrong", corrected)]


@pytest.mark.parametrize("whole_track", [False, True])
async def test_right_under_none_of_the_genres_is_no_vote_for_the_closest(
    strict: Wired, track_mp3: bytes, whole_track: bool
) -> None:
    reply = await answered(strict, track_mp3, whole_track=whole_track)
    key = "result-unfamiliar" if whole_track else "result-unfamiliar-over-track"
    assert reply.headline == texts_in("en")(key)
    assert reply.vote
    assert reply.vote.shown == NONE_OF_THEM
    await voted(strict, track_mp3, reply, Verdict.RIGHT)
    said = {(row.predicted, row.verdict, row.corrected, row.confidence) for row in await kept(strict.storage)}
    assert said == {(NONE_OF_THEM, "right", None, 0.0)}


async def test_wrong_under_none_of_the_genres_offers_all_of_them(strict: Wired, track_mp3: bytes) -> None:
    reply = await answered(strict, track_mp3)
    asked = await voted(strict, track_mp3, reply, Verdict.WRONG)
    assert tuple(choice.value for choice in asked.choices) == SLUGS
    await voted(strict, track_mp3, reply, Verdict.WRONG, "techno")
    said = {(row.predicted, row.verdict, row.corrected) for row in await kept(strict.storage)}
    assert said == {(NONE_OF_THEM, "wrong", "techno")}


async def test_one_vote_a_person_and_part_wherever_it_is_given(behind: Wired, track_mp3: bytes) -> None:
    reply = await answered(behind, track_mp3)
    await voted(behind, track_mp3, reply, Verdict.WRONG)
    await voted(behind, track_mp3, reply, Verdict.RIGHT, who=ELSEWHERE)
    assert [row.verdict for row in await kept(behind.storage)] == ["right"]
    await voted(behind, track_mp3, reply, Verdict.WRONG, who=replace(GROUP, user_id="another"))
    other_part = replace(reply, vote=replace(reply.vote, from_s=20.0))  # type: ignore[type-var]
    await voted(behind, track_mp3, other_part, Verdict.RIGHT)
    assert [row.start_s for row in await kept(behind.storage)] == [12.5, 12.5, 20.0]


async def test_a_whole_track_is_a_row_for_each_window(
    behind: Wired, track_mp3: bytes, classifier: GenreClassifier
) -> None:
    reply = await answered(behind, track_mp3, whole_track=True)
    assert reply.vote
    assert reply.vote.from_s is None
    for verdict in (Verdict.WRONG, Verdict.RIGHT):
        await voted(behind, track_mp3, reply, verdict)
    rows = await kept(behind.storage)
    assert len(rows) == 13
    assert [row.start_s for row in rows[:3]] == [0.0, 3.0, 6.0]
    assert {(row.verdict, row.digest, row.predicted) for row in rows} == {("right", rows[0].digest, reply.vote.shown)}
    third = extract_features(decode_window(track_mp3, offset_s=6.0).samples)
    kept_features = np.frombuffer(rows[2].features, "<f4")[: len(FEATURE_NAMES)]  # the first family of columns
    np.testing.assert_allclose(kept_features, third, rtol=0.02, atol=0.05)
    assert len(rows[2].features) == 4 * len(classifier.model.columns)


async def test_what_was_heard_beside_the_asked_seconds_is_kept_too(
    hesitant: Wired, track_mp3: bytes, classifier: GenreClassifier
) -> None:
    reply = await answered(hesitant, track_mp3)
    await voted(hesitant, track_mp3, reply, Verdict.RIGHT)
    rows = await kept(hesitant.storage)
    assert len(rows) >= 3
    assert len({row.code for row in rows}) == 1
    assert {f"{row.confidence:.0%}" in reply.headline for row in rows} == {True}
    (asked,) = [row for row in rows if row.start_s == 12.5]
    expected = classifier.model.describe(decode_window(track_mp3, offset_s=12.5).samples)
    np.testing.assert_array_equal(np.frombuffer(asked.features, "<f4"), expected)
    await hesitant.assistant.command(GROUP, CommandName.LISTEN, "off")
    await voted(hesitant, track_mp3, await answered(hesitant, track_mp3), Verdict.RIGHT)
    assert [row.start_s for row in await kept(hesitant.storage)] == [12.5]  # in the place of the earlier vote


async def test_switched_off_nobody_is_asked_nothing_is_kept_and_what_was_is_gone(
    behind: Wired, track_mp3: bytes
) -> None:
    reply = await answered(behind, track_mp3)
    await voted(behind, track_mp3, reply, Verdict.RIGHT)
    await voted(behind, track_mp3, reply, Verdict.RIGHT, who=replace(ELSEWHERE, user_id="8"))
    outsider = replace(GROUP, may_manage=forbidden)
    assert "Only those who manage" in (await behind.assistant.command(outsider, CommandName.PRIVACY, "off")).text
    assert len(await kept(behind.storage)) == 2
    done = await behind.assistant.command(GROUP, CommandName.PRIVACY, "OFF")
    assert done.text == texts_in("en")("feedback-off")
    assert len(await kept(behind.storage)) == 1  # the other chat's
    assert (await answered(behind, track_mp3)).vote is None
    assert await refused(behind, track_mp3, reply) is FailureKind.FEEDBACK_OFF
    assert texts_in("en")("feedback-off") in (await behind.assistant.command(outsider, CommandName.PRIVACY)).text
    await behind.assistant.command(GROUP, CommandName.PRIVACY, "on")
    assert (await answered(behind, track_mp3)).vote == reply.vote
    assert texts_in("en")("feedback-on") in (await behind.assistant.command(GROUP, CommandName.PRIVACY)).text
    assert "on, off" in (await behind.assistant.command(GROUP, CommandName.PRIVACY, "maybe")).text


async def test_an_opt_out_holds_against_a_vote_that_is_under_way(
    behind: Wired, track_mp3: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = await answered(behind, track_mp3)
    identify = behind.service.identify

    async def slow(*arguments: object, **named: object) -> object:
        answer = await identify(*arguments, **named)  # type: ignore[arg-type]
        await behind.assistant.command(GROUP, CommandName.PRIVACY, "off")
        return answer

    monkeypatch.setattr(behind.service, "identify", slow)
    assert await refused(behind, track_mp3, reply) is FailureKind.FEEDBACK_OFF
    assert await kept(behind.storage) == []


async def test_forget_deletes_the_chats_feedback_and_no_others(behind: Wired, track_mp3: bytes) -> None:
    reply = await answered(behind, track_mp3)
    await voted(behind, track_mp3, reply, Verdict.RIGHT)
    await voted(behind, track_mp3, reply, Verdict.WRONG, who=replace(ELSEWHERE, user_id="8"))
    await behind.assistant.command(GROUP, CommandName.FORGET)
    assert [row.verdict for row in await kept(behind.storage)] == ["wrong"]


async def test_feedback_moves_with_its_chat(behind: Wired, track_mp3: bytes) -> None:
    reply = await answered(behind, track_mp3)
    await voted(behind, track_mp3, reply, Verdict.RIGHT)
    await behind.assistant.moved(GROUP, ELSEWHERE)
    await behind.assistant.command(GROUP, CommandName.FORGET)
    assert len(await kept(behind.storage)) == 1
    await behind.assistant.command(ELSEWHERE, CommandName.FORGET)
    assert await kept(behind.storage) == []


async def test_nobody_floods_it(behind: Wired, track_mp3: bytes) -> None:
    reply = await answered(behind, track_mp3)
    for _ in range(2 * behind.settings.user_burst):
        await voted(behind, track_mp3, reply, Verdict.RIGHT)
    assert await refused(behind, track_mp3, reply) is FailureKind.TOO_OFTEN
    await voted(behind, track_mp3, reply, Verdict.RIGHT, who=replace(GROUP, user_id="8"))


async def test_in_a_chat_that_is_switched_off_nothing_is_kept(behind: Wired, track_mp3: bytes) -> None:
    reply = await answered(behind, track_mp3)
    await behind.assistant.command(GROUP, CommandName.MODE, "off")
    assert await refused(behind, track_mp3, reply) is FailureKind.SWITCHED_OFF


@pytest.fixture
async def without(settings: Settings, warm_pool: WarmPool, tmp_path: Path) -> AsyncIterator[Wired]:
    """A bot whose operator wants no feedback."""
    behind = await wired(settings.model_copy(update={"feedback": False}), await warm_pool(), tmp_path)
    yield behind
    await behind.storage.close()


async def test_the_operator_can_switch_it_off_for_all(without: Wired, track_mp3: bytes) -> None:
    assert (await answered(without, track_mp3)).vote is None
    for argument in ("", "on"):
        said = (await without.assistant.command(GROUP, CommandName.PRIVACY, argument)).text
        assert texts_in("en")("feedback-off") in said
    vote = Vote(Verdict.RIGHT, SLUGS[0])
    with pytest.raises(Failure) as caught:
        await without.assistant.vote(GROUP, incoming(track_mp3), vote, from_s=12.5)
    assert caught.value.kind is FailureKind.FEEDBACK_OFF


@pytest.mark.parametrize(
    ("verdict", "shown", "corrected"),
    [
        ("perhaps", "dnb", None),
        ("right", "polka", None),
        ("right", "dnb", "techno"),
        ("wrong", "dnb", "dnb"),
        ("wrong", "dnb", "polka"),
        ("wrong", "none", "none"),
        ("right", "none", "techno"),
    ],
)
def test_words_that_are_none_of_ours_are_no_vote(verdict: str, shown: str, corrected: str | None) -> None:
    with pytest.raises(Failure) as caught:
        checked_vote(verdict, shown, corrected)
    assert caught.value.kind is FailureKind.BAD_CHOICE

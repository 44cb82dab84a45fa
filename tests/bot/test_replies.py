"""How much is known, in words: a genre, two that it may be, or none of ours; of a track also tempo and shares."""

from dataclasses import replace

import pytest

from bot.adapters.web.pages import Shown, render_page
from bot.jobs import Answer, ModelFacts
from bot.replies import Reply, answer_reply, genre_choices, shortened
from bot.texts import LANGUAGES, texts_in
from bot.votes import NONE_OF_THEM, SeenWindow, evidence_of, shown_by
from classifier.genres import GENRE_BY_SLUG, GENRES, SLUGS
from classifier.keys import Key
from classifier.results import (
    Classification,
    GenreScore,
    KeyEstimate,
    Note,
    Segment,
    Tempo,
    TrackClassification,
    Window,
    WindowAnswer,
)
from config import Settings

HOUSE, TECHNO, TRANCE, TRAP = (GENRE_BY_SLUG[slug] for slug in ("house", "techno", "trance", "trap"))
SCORES = tuple(map(GenreScore, (HOUSE, TECHNO, TRANCE, TRAP), (0.5, 0.3, 0.15, 0.05)))
CLIP = Classification(
    window=Window(30.0, 3.0),
    scores=SCORES,
    certain=True,
    familiar=True,
    notes=(),
    model_version="m-1",
    heard=(Window(30.0, 3.0),),
)
UNSURE_CLIP = replace(CLIP, certain=False, notes=(Note.NOT_SURE,))
UNFAMILIAR_CLIP = replace(CLIP, certain=False, familiar=False, notes=(Note.UNFAMILIAR,))
TRACK = TrackClassification(
    scores=SCORES,
    parts=tuple(Segment(Window(10.0 * n, 10.0), genre, 0.6) for n, genre in enumerate((HOUSE, HOUSE, HOUSE, TECHNO))),
    shares=tuple(map(GenreScore, (HOUSE, TECHNO, TRANCE), (0.7, 0.25, 0.04))),
    certain=True,
    familiar=True,
    tempo=Tempo(127.6, 0.91),
    key=KeyEstimate(Key(9, is_minor=True), 0.8),
    model_version="m-1",
)
LISTENED = replace(
    CLIP,
    heard=tuple(Window(start_s, 3.0) for start_s in (30.0, 22.5, 67.9, 112.5, 157.5)),
    alone=WindowAnswer(tuple(map(GenreScore, (TRANCE, TRAP), (0.41, 0.39))), certain=False, familiar=True),
)
STILL_UNSURE = replace(LISTENED, certain=False, notes=(Note.NOT_SURE,))
STILL_UNFAMILIAR = replace(LISTENED, certain=False, familiar=False, notes=(Note.UNFAMILIAR,))
UNFAMILIAR_ALONE = WindowAnswer(LISTENED.scores, certain=False, familiar=False)
UNFAMILIAR_TRACK = replace(TRACK, certain=False, familiar=False, tempo=None, key=None)


def replied(found: Classification | TrackClassification, language: str = "en") -> Reply:
    return answer_reply(Answer(found, b"png", b"", ()), texts_in(language), name="a.mp3")


def page(found: Classification | TrackClassification, language: str = "en") -> str:
    answer = Answer(found, b"png", b"", ())
    settings = Settings(_env_file=None)
    return render_page(
        texts_in(language),
        settings,
        Shown(answer=answer, file_name="a.mp3", token="t", may_vote=True),
        model=None,
        is_ready=True,
    )


def test_a_sure_answer_names_one_genre() -> None:
    assert replied(CLIP).headline == "🏡 House — 50%"
    assert replied(CLIP).lines[0] == "Then 🎛️ Techno 30%, 🚀 Trance 15%."


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Not sure: perhaps 🏡 House (50%), or 🎛️ Techno (30%)."),
        ("es", "No estoy seguro: quizá 🏡 House (50\xa0%) o 🎛️ Techno (30\xa0%)."),
    ],
)
def test_an_unsure_answer_names_two(language: str, words: str) -> None:
    reply = replied(UNSURE_CLIP, language)
    assert reply.headline == words
    assert texts_in(language)("note-not-sure") in reply.lines


@pytest.mark.parametrize("found", [UNFAMILIAR_CLIP, UNFAMILIAR_TRACK], ids=["window", "track"])
@pytest.mark.parametrize(
    ("language", "words", "closest"),
    [
        ("en", "This does not sound like any of my 16 genres.", "Closest: 🏡 House and 🎛️ Techno."),
        ("es", "Esto no suena a ninguno de mis 16 géneros.", "Lo más parecido: 🏡 House y 🎛️ Techno."),
    ],
)
def test_a_sound_like_none_of_the_genres_gets_none(
    found: Classification | TrackClassification, language: str, words: str, closest: str
) -> None:
    reply = replied(found, language)
    assert reply.headline == words
    assert reply.lines[0] == closest
    assert "%" not in reply.text  # no confidence in what is not believed
    kind = "note-unfamiliar-track" if isinstance(found, TrackClassification) else "note-unfamiliar"
    assert reply.lines[-1] == texts_in(language)(kind)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("found", [UNFAMILIAR_CLIP, UNFAMILIAR_TRACK], ids=["window", "track"])
def test_the_page_says_the_same_of_an_unfamiliar_sound(
    found: Classification | TrackClassification, language: str
) -> None:
    texts, shown = texts_in(language), page(found, language)
    assert f'<h2 class="headline" id="headline">{texts("result-unfamiliar")}</h2>' in shown
    assert texts("result-scores-unfamiliar") in shown
    assert texts("result-scores") not in shown
    assert replied(found, language).lines[0] in shown
    assert texts("track-segments") not in shown
    assert f'value="{NONE_OF_THEM}"' not in shown  # that is what was said
    assert all(f'<option value="{slug}">' in shown for slug in SLUGS)


ALONE = {
    "en": "Seconds 30 to 33 alone: not sure, 🚀 Trance or ⛓️ Trap.",
    "es": "Solo del segundo 30 al 33: no estoy seguro, 🚀 Trance o ⛓️ Trap.",
    "pt": "Só do segundo 30 ao 33: não tenho certeza, 🚀 Trance ou ⛓️ Trap.",
}
HEARD = {
    "en": "Analysed: seconds 30 to 33 of “a.mp3”, and 3 seconds each from 0:22, 1:07, 1:52, 2:37.",
    "es": "Analizado: del segundo 30 al 33 de «a.mp3», y 3 segundos desde cada uno de estos puntos: 0:22, 1:07, 1:52,"
    " 2:37.",
    "pt": "Analisado: do segundo 30 ao 33 de “a.mp3”, e mais 3 segundos a partir de cada um destes pontos: 0:22, 1:07,"
    " 1:52, 2:37.",
}


@pytest.mark.parametrize(
    ("found", "language", "words", "next_line", "note"),
    [
        (LISTENED, "en", "Over the track: 🏡 House — 50%", "Then 🎛️ Techno 30%, 🚀 Trance 15%.", None),
        (LISTENED, "es", "A lo largo de la pista: 🏡 House — 50\xa0%", None, None),
        (
            STILL_UNSURE,
            "en",
            "Over the track, not sure: perhaps 🏡 House (50%), or 🎛️ Techno (30%).",
            "Then 🚀 Trance 15%, ⛓️ Trap 5%.",
            "note-not-sure-track",
        ),
        (
            STILL_UNSURE,
            "es",
            "A lo largo de la pista no estoy seguro: quizá 🏡 House (50\xa0%) o 🎛️ Techno (30\xa0%).",
            None,
            "note-not-sure-track",
        ),
        (
            STILL_UNFAMILIAR,
            "en",
            "Over the track, this does not sound like any of my 16 genres.",
            "Closest: 🏡 House and 🎛️ Techno.",
            "note-unfamiliar-track",
        ),
        (
            STILL_UNFAMILIAR,
            "es",
            "A lo largo de la pista, esto no suena a ninguno de mis 16 géneros.",
            None,
            "note-unfamiliar-track",
        ),
    ],
)
def test_where_more_was_heard_both_are_said(
    found: Classification, language: str, words: str, next_line: str | None, note: str | None
) -> None:
    reply = replied(found, language)
    assert reply.headline == words
    assert next_line in {None, reply.lines[0]}
    assert reply.lines[1:3] == (ALONE[language], HEARD[language])
    assert reply.lines[3:] == ((texts_in(language)(note),) if note else ())
    assert reply.picture_alt == replied(CLIP, language).picture_alt  # the picture is of the asked seconds


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Seconds 30 to 33 alone: like none of my 16 genres."),
        ("es", "Solo del segundo 30 al 33: no suena a ninguno de mis 16 géneros."),
    ],
)
def test_a_track_may_be_familiar_where_its_asked_seconds_are_not(language: str, words: str) -> None:
    found = replace(LISTENED, alone=UNFAMILIAR_ALONE)
    assert replied(found, language).lines[1] == words
    assert replied(found, language).headline == replied(LISTENED, language).headline
    assert shown_by(found) == "house"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("found", [LISTENED, STILL_UNSURE, STILL_UNFAMILIAR])
def test_the_page_says_both_too(found: Classification, language: str) -> None:
    shown = page(found, language)
    assert f'<h2 class="headline" id="headline">{replied(found, language).headline}</h2>' in shown
    for sentence in (ALONE[language], HEARD[language]):
        assert f"<p>{sentence}</p>" in shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("found", [LISTENED, STILL_UNSURE, STILL_UNFAMILIAR])
def test_an_answer_fits_into_a_caption_whole(found: Classification, language: str) -> None:
    """1,024 is what Telegram takes under a picture; Discord's messages are cut at 1,000."""
    long_named = GENRE_BY_SLUG["future_garage_wave_trap"]
    longest = replace(
        found,
        heard=tuple(Window(start_s, 3.0) for start_s in (3599.5, *(36_000.0 + n for n in range(5)))),
        window=Window(3599.5, 3.0),
        scores=4 * (GenreScore(long_named, 0.25),),
        alone=WindowAnswer(2 * (GenreScore(long_named, 0.25),), certain=False, familiar=True),
        notes=(Note.MOVED_BACK, Note.SKIPPED_SILENCE, *found.notes),
    )
    reply = answer_reply(Answer(longest, b"png", b"", ()), texts_in(language), name="x" * 300)
    assert reply.shortened(1000) == reply


def test_a_vote_rests_on_all_that_was_heard() -> None:
    features = tuple(bytes([number] * 8) for number in range(5))
    facts = ModelFacts("m-1", ("a", "b"), 0.6, 0.9, 0.7, 100, can_refuse=True, answer_accuracy=0.65)
    evidence = evidence_of(Answer(LISTENED, b"png", b"", features, "00ff"), facts)
    starts_s = (30.0, 22.5, 67.9, 112.5, 157.5)
    assert evidence.windows == tuple(map(SeenWindow, starts_s, features))
    assert (evidence.part, evidence.confidence_in("house")) == ("30", 0.5)  # the answer's, not the asked seconds'


@pytest.mark.parametrize(
    ("language", "tempo", "shares"),
    [
        ("en", "128 BPM (91%) · A minor, 8A (80%)", "Shares of the track: 🏡 House 70%, 🎛️ Techno 25%"),
        ("es", "128 BPM (91\xa0%) · La menor, 8A (80\xa0%)", "Partes de la pista: 🏡 House 70\xa0%, 🎛️ Techno 25\xa0%"),
    ],
)
def test_a_track_has_its_tempo_and_its_larger_shares(language: str, tempo: str, shares: str) -> None:
    assert replied(TRACK, language).lines[1:3] == (tempo, shares)
    shown = page(TRACK, language)
    assert f'<p class="music">{tempo}</p>' in shown
    assert f"<p>{shares}</p>" in shown


def test_of_one_genre_without_a_beat_there_is_neither() -> None:
    alike = replace(TRACK, shares=tuple(map(GenreScore, (HOUSE, TECHNO), (0.94, 0.049))), tempo=None, key=None)
    assert not [line for line in replied(alike).lines if "BPM" in line or "Shares" in line]


def test_many_small_shares_are_cut_short() -> None:
    mixed = replace(TRACK, shares=tuple(GenreScore(genre, 0.2) for genre in GENRES[:5]))
    (line,) = [line for line in replied(mixed).lines if "Shares" in line]
    assert line.count("20%") == 4
    assert line.endswith(", …")


def test_the_timeline_in_words_says_what_its_pale_colours_mean() -> None:
    assert replied(TRACK).picture_alt.endswith("0:00 to 0:30 House, 0:30 to 0:40 Techno.")
    assert "sounds like none of the genres" in replied(UNFAMILIAR_TRACK).picture_alt


@pytest.mark.parametrize("found", [CLIP, UNSURE_CLIP, TRACK, LISTENED])
def test_a_genre_that_was_named_is_no_correction_of_itself(found: Classification | TrackClassification) -> None:
    values = [choice.value for choice in genre_choices(texts_in("en"), shown=shown_by(found))]
    assert values == [*(slug for slug in SLUGS if slug != "house"), NONE_OF_THEM]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\x1b[0m.mp3", "a b\\x1b[0m.mp3"),
        ("\u202e3pm.exe", "\\u202e3pm.exe"),
        ("שיר.mp3", "\u2068שיר.mp3\u2069"),
        ("\u2069أغنية\u2066.mp3", "\u2068\\u2069أغنية\\u2066.mp3\u2069"),
        ("caf\udce9.mp3", "caf\\xe9.mp3"),
        ("é" * 300, "é" * 79 + "…"),
        ("  \n ", ""),
    ],
)
def test_no_name_turns_a_reply_around(name: str, shown: str) -> None:
    assert shortened(name) == shown

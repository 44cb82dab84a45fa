"""How much is known, in words: a genre, two that it may be, or none of ours; of a track also tempo and shares."""

from dataclasses import replace

import pytest

from bot.adapters.web.pages import Shown, render_page
from bot.jobs import Answer
from bot.replies import Reply, answer_reply, genre_choices
from bot.texts import LANGUAGES, texts_in
from bot.votes import NONE_OF_THEM, shown_by
from classifier.genres import GENRE_BY_SLUG, SLUGS
from classifier.results import Classification, GenreScore, Note, Segment, TrackClassification, Window
from config import Settings

HOUSE, TECHNO, TRANCE, TRAP = (GENRE_BY_SLUG[slug] for slug in ("house", "techno", "trance", "trap"))
SCORES = tuple(map(GenreScore, (HOUSE, TECHNO, TRANCE, TRAP), (0.5, 0.3, 0.15, 0.05)))
CLIP = Classification(
    window=Window(30.0, 3.0), scores=SCORES, certain=True, familiar=True, notes=(), model_version="m-1"
)
UNSURE_CLIP = replace(CLIP, certain=False, notes=(Note.NOT_SURE,))
UNFAMILIAR_CLIP = replace(CLIP, certain=False, familiar=False, notes=(Note.UNFAMILIAR,))
TRACK = TrackClassification(
    scores=SCORES,
    parts=tuple(Segment(Window(10.0 * n, 10.0), genre, 0.6) for n, genre in enumerate((HOUSE, HOUSE, HOUSE, TECHNO))),
    certain=True,
    familiar=True,
    tempo_bpm=127.6,
    model_version="m-1",
)
UNFAMILIAR_TRACK = replace(TRACK, certain=False, familiar=False, tempo_bpm=None)


def replied(found: Classification | TrackClassification, language: str = "en") -> Reply:
    return answer_reply(Answer(found, b"png", b"", ()), texts_in(language), name="a.mp3")


def page(found: Classification | TrackClassification, language: str = "en") -> str:
    answer = Answer(found, b"png", b"", ())
    settings = Settings(_env_file=None)
    return render_page(texts_in(language), settings, Shown(answer=answer, file_name="a.mp3", token="t"), is_ready=True)


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
    assert f'<p class="headline">{texts("result-unfamiliar")}</p>' in shown
    assert texts("result-scores-unfamiliar") in shown
    assert texts("result-scores") not in shown
    assert replied(found, language).lines[0] in shown
    assert texts("track-segments") not in shown
    assert f'value="{NONE_OF_THEM}"' not in shown  # that is what was said
    assert all(f'<option value="{slug}">' in shown for slug in SLUGS)


@pytest.mark.parametrize(
    ("language", "tempo", "shares"),
    [
        ("en", "About 128 BPM.", "Shares of the track: 🏡 House 75%, 🎛️ Techno 25%"),
        ("es", "Unos 128 BPM.", "Partes de la pista: 🏡 House 75\xa0%, 🎛️ Techno 25\xa0%"),
    ],
)
def test_a_track_has_its_tempo_and_its_shares(language: str, tempo: str, shares: str) -> None:
    assert replied(TRACK, language).lines[1:3] == (tempo, shares)
    shown = page(TRACK, language)
    assert f"<p>{tempo}</p>" in shown
    assert f"<p>{shares}</p>" in shown


def test_of_one_genre_without_a_beat_there_is_neither() -> None:
    alike = replace(TRACK, parts=TRACK.parts[:3], tempo_bpm=None)
    assert not [line for line in replied(alike).lines if "BPM" in line or "Shares" in line]


def test_many_small_shares_are_cut_short() -> None:
    genres = [GENRE_BY_SLUG[slug] for slug in SLUGS[:5]]
    mixed = replace(TRACK, parts=tuple(Segment(Window(10.0 * n, 10.0), g, 0.6) for n, g in enumerate(genres)))
    (line,) = [line for line in replied(mixed).lines if "Shares" in line]
    assert line.count("20%") == 4
    assert line.endswith(", …")


def test_the_timeline_in_words_says_what_its_pale_colours_mean() -> None:
    assert replied(TRACK).picture_alt.endswith("0:00 to 0:30 House, 0:30 to 0:40 Techno.")
    assert "sounds like none of the genres" in replied(UNFAMILIAR_TRACK).picture_alt


@pytest.mark.parametrize("found", [CLIP, UNSURE_CLIP, TRACK])
def test_a_genre_that_was_named_is_no_correction_of_itself(found: Classification | TrackClassification) -> None:
    values = [choice.value for choice in genre_choices(texts_in("en"), shown=shown_by(found))]
    assert values == [*(slug for slug in SLUGS if slug != "house"), NONE_OF_THEM]

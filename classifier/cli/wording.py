"""Answers in English, for a terminal."""

from pathlib import Path

from classifier.results import Classification, Note, Segment, TrackClassification, clock
from classifier.terminal import printable

_SAID_BY_THE_VERDICT = {Note.NOT_SURE, Note.UNFAMILIAR}


def sentence(file: Path, answer: Classification | TrackClassification, *, segments: bool = False) -> str:
    """An answer in words: its verdict on a line, and below it what else is to be known.

    That is the segments of a track, where they are asked for, or of a window what it says alone, where it was not
    enough, and its notes.
    """
    if isinstance(answer, TrackClassification):
        count = len(answer.parts)
        about = f"{count} window{'s' * (count > 1)}"
        asides = tuple(map(_line, answer.segments)) if segments and answer.familiar else ()
    else:
        about, alone = _heard(answer)
        asides = (*alone, *(note.sentence for note in answer.notes if note not in _SAID_BY_THE_VERDICT))
    return "\n    ".join((f"{printable(file)}: {_verdict(answer)}; {about}){music(answer)}", *asides))


def music(answer: Classification | TrackClassification) -> str:
    """Tempo and key, where they are known, to be put behind a sentence."""
    facts = []
    if answer.tempo is not None and answer.tempo.is_sure:
        facts.append(f"{answer.tempo.bpm:.0f} BPM")
    if answer.key is not None:
        facts.append(f"{answer.key.key.name} ({answer.key.key.camelot})")
    return "".join(f", {fact}" for fact in facts)


def _heard(clip: Classification) -> tuple[str, tuple[str, ...]]:
    """What an answer rests on, and what the asked window says alone where that is more."""
    window = f"{clip.window.start_s:.1f}–{clip.window.end_s:.1f} s"
    if clip.alone is None:
        return window, ()
    first, second = (score.genre.label for score in clip.alone.scores[:2])
    verdict = f"not sure, {first} or {second}" if clip.alone.familiar else "like none of the 16 genres"
    more = len(clip.heard) - 1
    return f"{window} and {more} more window{'s' * (more > 1)}", (f"{window} alone: {verdict}",)


def _verdict(answer: Classification | TrackClassification) -> str:
    """The genre, the two it may be, or that it is none; then a bracket with the next candidates, left open."""
    first, second, third, fourth = (f"{score.genre.label} {score.confidence:.0%}" for score in answer.scores[:4])
    over = "over the track: " if isinstance(answer, Classification) and answer.alone else ""
    if not answer.familiar:
        closest = " and ".join(score.genre.label for score in answer.scores[:2])
        return f"{over}like none of the 16 genres (closest: {closest}"
    if not answer.certain:
        return f"{over}not sure, perhaps {first} or {second} (then {third}, {fourth}"
    return f"{over}{first} (then {second}, {third}"


def _line(segment: Segment) -> str:
    start, end = clock(segment.window.start_s), clock(segment.window.end_s)
    return f"{start}–{end}  {segment.genre.label} {segment.confidence:.0%}"

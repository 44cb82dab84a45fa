"""Genre, tempo, key and comment in the tags of every kind of file; the sound stays as it is, and people's own words."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest

from classifier.arrays import FloatArray
from classifier.errors import ClassifierError, ErrorKind
from classifier.genres import GENRE_BY_SLUG
from classifier.keys import Key
from classifier.results import Classification, GenreScore, KeyEstimate, Tempo, Window
from classifier.tags import has_our_tags, read_tags, tags_for, write_tags
from tests.support.audio import dance_track, encode, encode_with_ffmpeg, mp3

HOUSE, TECHNO = GENRE_BY_SLUG["house"], GENRE_BY_SLUG["techno"]
ANSWER = Classification(
    window=Window(30.0, 3.0),
    scores=(GenreScore(HOUSE, 0.87), GenreScore(TECHNO, 0.09)),
    certain=True,
    familiar=True,
    notes=(),
    model_version="m-1",
    heard=(Window(30.0, 3.0),),
    tempo=Tempo(127.6, 0.9),
    key=KeyEstimate(Key(9, is_minor=True), 0.8),
)
WANTED = {
    "genre": ["House"],
    "tempo": ["128"],
    "key": ["Am"],
    "comment": ["EDM genre: House 87%, 127.6 BPM 90%, 8A 80% (m-1)"],
}
NOTHING: dict[str, list[str]] = {"genre": [], "tempo": [], "key": [], "comment": []}
KINDS = ("mp3", "flac", "ogg", "opus", "m4a", "wma", "wav", "aiff")


@pytest.fixture(scope="module")
def sound() -> FloatArray:
    return dance_track(4.0)


@pytest.fixture
def file(request: pytest.FixtureRequest, tmp_path: Path, sound: FloatArray) -> Path:
    path = tmp_path / f"a.{request.param}"
    if request.param == "mp3":
        path.write_bytes(mp3(sound))
    elif request.param == "m4a":
        path.write_bytes(encode_with_ffmpeg(sound, "ipod", "aac", rate_hz=44_100))
    elif request.param == "wma":
        path.write_bytes(encode_with_ffmpeg(sound, "asf", "wmav2", rate_hz=44_100))
    elif request.param == "opus":
        path.write_bytes(encode(sound[::2][: 24_000 * 3], "OGG", rate_hz=24_000, subtype="OPUS"))
    else:
        path.write_bytes(encode(sound, request.param.upper()))
    return path


def heard(path: Path) -> bytes:
    """A digest of the decoded sound."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return hashlib.sha256(np.concatenate(frames, axis=-1).tobytes()).digest()


def test_an_answer_is_written_as_far_as_it_is_sure() -> None:
    assert tags_for(ANSWER) == WANTED
    unsure = Classification(
        window=ANSWER.window, scores=ANSWER.scores, certain=False, familiar=True, notes=(), model_version="m-1",
        heard=ANSWER.heard, tempo=Tempo(140.0, 0.4),
    )  # fmt: skip
    assert tags_for(unsure) == {"comment": ["EDM genre: not sure, House 87% or Techno 9% (m-1)"]}


@pytest.mark.parametrize("file", KINDS, indirect=True)
def test_tags_are_written_and_taken_back(file: Path) -> None:
    before, sound, mode = file.read_bytes(), heard(file), file.stat().st_mode
    replaced: list[dict[str, list[str]]] = []
    assert read_tags(file) == NOTHING
    assert not has_our_tags(file)
    assert write_tags(file, WANTED, before=replaced.append)
    assert replaced == [NOTHING]
    assert read_tags(file) == WANTED
    assert has_our_tags(file)
    assert heard(file) == sound
    assert file.stat().st_mode == mode
    assert file.read_bytes() != before
    assert not write_tags(file, WANTED)  # once more: nothing to do
    assert write_tags(file, NOTHING)
    assert read_tags(file) == NOTHING
    assert heard(file) == sound
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("file", KINDS, indirect=True)
def test_what_people_wrote_stays(file: Path) -> None:
    tagged = mutagen.File(file, easy=True)  # type: ignore[attr-defined]
    if tagged.tags is None:
        tagged.add_tags()
    is_easy = file.suffix in {".mp3", ".m4a"}
    names = {".wma": "Title", ".wav": None, ".aiff": None}
    name = "title" if is_easy else names.get(file.suffix, "title")
    if name is None:
        from mutagen.id3 import COMM, TIT2

        tagged.tags.add(TIT2(encoding=3, text=["Night"]))
        tagged.tags.add(COMM(encoding=3, lang="eng", desc="", text=["for the closing"]))
    else:
        tagged[name] = ["Night"]
        if not is_easy:
            tagged["Description" if file.suffix == ".wma" else "comment"] = ["for the closing"]
    tagged.save()
    write_tags(file, WANTED)
    write_tags(file, {"comment": ["EDM genre: another (m-2)"]})
    tags = mutagen.File(file).tags  # type: ignore[attr-defined]
    text = str(tags.pprint())
    assert "Night" in text
    if not is_easy:
        assert "for the closing" in text
    assert "EDM genre: another" in text
    assert "EDM genre: House" not in text  # ours is not heaped up


@pytest.mark.parametrize("file", ["mp3"], indirect=True)
def test_a_cover_and_an_older_version_of_tags_stay(file: Path) -> None:
    from mutagen.id3 import APIC, ID3, TIT2

    tags = ID3()
    tags.add(TIT2(encoding=1, text=["Night"]))
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="", data=b"\x89PNG" * 1000))
    tags.save(file, v2_version=3)
    write_tags(file, WANTED)
    again = ID3(file)
    assert again.version[1] == 3
    assert again.getall("APIC")[0].data == b"\x89PNG" * 1000
    assert read_tags(file) == WANTED


@pytest.mark.parametrize("file", ["mp3"], indirect=True)
def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.mp3"
    link.symlink_to(file)
    write_tags(link, WANTED)
    assert link.is_symlink()
    assert read_tags(file) == WANTED


@pytest.mark.parametrize("file", ["mp3"], indirect=True)
def test_where_nothing_can_be_written_the_file_is_as_it_was(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("classifier.tags.shutil.copy2", full)
    with pytest.raises(ClassifierError, match="No space left") as caught:
        write_tags(file, WANTED)
    assert caught.value.kind is ErrorKind.TAGS
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == [file.name]


@pytest.mark.parametrize("file", ["mp3"], indirect=True)
def test_sound_that_would_change_is_not_put_in_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()
    copied = shutil.copy2

    def damaged(source: Path, target: Path) -> None:
        copied(source, target)
        target.write_bytes(target.read_bytes()[:-2000])

    monkeypatch.setattr("classifier.tags.shutil.copy2", damaged)
    with pytest.raises(ClassifierError, match="audio would not stay the same"):
        write_tags(file, WANTED)
    assert file.read_bytes() == before


def test_what_has_no_tags_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(ClassifierError, match="this kind of file has none"):
        write_tags(tmp_path / "a.txt", WANTED)
    assert not has_our_tags(tmp_path / "a.txt")


def test_without_mutagen_its_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "mutagen", None)
    with pytest.raises(ClassifierError, match=r'pip install "edm-genre-bot\[tags\]"') as caught:
        read_tags(tmp_path / "a.mp3")
    assert caught.value.kind is ErrorKind.NOT_INSTALLED

from classifier.genres import GENRE_BY_SLUG, GENRES, SLUGS


def test_sixteen_genres_in_the_order_every_bundle_relies_on() -> None:
    assert SLUGS == (
        "ambient",
        "big_room_house",
        "dnb",
        "dubstep",
        "future_garage_wave_trap",
        "hardcore",
        "hardstyle",
        "house",
        "lofi",
        "moombahton_reggaeton",
        "phonk",
        "psytrance",
        "synthwave",
        "techno",
        "trance",
        "trap",
    )


def test_names_and_emoji_are_those_people_know() -> None:
    assert [f"{genre.name} {genre.emoji}" for genre in GENRES] == [
        "Ambient 🌌",
        "Big Room House 🏠",
        "Drum and Bass 🥁",
        "Dubstep 🎵",
        "Future Garage/Wave Trap 🌊",
        "Hardcore 🔊",
        "Hardstyle 💥",
        "House 🏡",
        "Lo-fi 🎶",
        "Moombahton/Reggaeton 🎵🌴",
        "Phonk 🔥",
        "Psytrance 🌀",
        "Synthwave 🎹",
        "Techno 🎛️",
        "Trance 🚀",
        "Trap ⛓️",
    ]
    assert GENRE_BY_SLUG["dnb"].name == "Drum and Bass"
    assert GENRE_BY_SLUG["dnb"].label == "🥁 Drum and Bass"

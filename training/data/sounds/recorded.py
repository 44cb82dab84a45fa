"""The packages that voices, sound effects, the sounds of weather and machines, and loops are taken from.

Each licence is what the package's `debian/copyright` says of the files taken.
"""

from training.data.sounds.sources import Kind, Package, Take, effects, prompts

_ASTERISK = "CC-BY-SA-3.0"

SPEECH = (
    *(
        Package(f"asterisk-core-sounds-{language}-wav", _ASTERISK, (prompts("*/asterisk/sounds/*.wav", most=5),))
        for language in ("en", "es", "fr", "it", "ru")
    ),
    Package("asterisk-prompt-es-co", "GPL-2", (prompts("*/asterisk/sounds/*.gsm", most=4),)),
    Package("asterisk-prompt-fr-armelle", "BSD-3-clause", (prompts("*/asterisk/sounds/*.gsm", most=4),)),
    Package("asterisk-prompt-it-menardi-wav", "CC-BY-SA-3.0", (prompts("*/asterisk/sounds/*.wav", most=4),)),
    Package("klettres-data", "GPL-2+", (prompts("*/klettres/*.ogg", most=18),)),
    Package("ktuberling-data", "GPL-2+", (prompts("*/sounds/*.ogg", "*/sounds/*.opus", "*/sounds/*.wav", most=14),)),
    Package("fillets-ng-data-cs", "GPL-2+", (prompts("*/cs/*.ogg", most=12),)),
    Package("fillets-ng-data-nl", "GPL-2+", (prompts("*/nl/*.ogg", most=10),)),
    Package("pocketsphinx-testdata", "BSD-3-clause", (prompts("*/librivox/*.wav", "*/cards/*.wav", most=4),)),
    Package("codec2-examples", "LGPL-2.1", (prompts("*/codec2/raw/*.raw", "*/codec2/wav/*.wav", most=8, join_s=10.0),)),
)

EFFECTS = (
    Package(
        "hedgewars-data",
        "GPL-2",
        (
            prompts("*/Sounds/voices/*.ogg", most=12, join_s=15.0),
            effects("*/Data/Sounds/*.ogg", but_not=("*/voices/*",)),
        ),
    ),
    Package(
        "warmux-data",
        "GPL-2+",
        (prompts("*/default/voices/*.ogg", most=2), effects("*/default/weapons/*.ogg", "*/default/misc/*.ogg")),
    ),
    Package("sound-theme-freedesktop", "CC-BY-SA-3.0, GPL-2+", (effects("*.oga"),)),
    Package("oxygen-sounds", "LGPL-3+", (effects("*.ogg"),)),
    Package("sound-icons", "GPL-2+", (effects("*.wav", most=3),)),
    Package("lomiri-sounds", "CC-BY-SA-3.0, CC0", (effects("*/notifications/*.ogg", most=3),)),
    Package("ardentryst", "CC-BY-SA-3.0", (effects("*/Sounds/*.ogg", but_not=("*/AMB_*", "*/Rain*")),)),
    Package("bzflag-data", "LGPL-2.1", (effects("*.wav"),)),
    Package("freedroid-data", "GPL-2+", (effects("*.wav", "*/Paradroid.ogg", most=3),)),
    Package("frozen-bubble-data", "GPL-2", (effects("*/snd/*.ogg", most=2, but_not=("*zik*",)),)),
    Package("powermanga-data", "GPL-3+", (effects("*.wav", most=3),)),
    Package("colobot-common-sounds", "GPL-3+", (effects("*.wav"),)),
    Package("boswars-data", "GPL-2+", (effects("*.wav"),)),
    Package("bucklespring-data", "GPL-2+", (effects("*.wav", most=3),)),
    Package("enigma-data", "GPL-2+", (effects("*/soundsets/*.wav", "*/sound*/*.wav", most=3),)),
    Package("trackballs-data", "GPL-2+", (effects("*.wav", most=2),)),
    Package("trophy-data", "GPL-2", (effects("*.wav", most=2),)),
    Package("lbreakout2-data", "GPL-2+", (effects("*.wav", most=2),)),
    Package("mirrormagic-data", "GPL-2+", (effects("*.wav", most=2),)),
    Package("micropolis-data", "GPL-3+", (effects("*.wav", most=3),)),
    Package("overgod-data", "GPL-2+", (effects("*.wav", most=2),)),
    Package("pekka-kana-2-data", "BSD-2-clause", (effects("*.wav", most=3),)),
    Package("foobillardplus-data", "GPL-2", (effects("*.wav", most=2),)),
    Package("tuxtype-data", "GPL-2+", (effects("*.wav", most=2),)),
    Package("whichwayisup", "GPL-2, CC-BY", (effects("*.ogg", most=1),)),
    Package(
        "openarena-data", "GPL-2+", (effects("*/weapons/*.wav", "*/movers/*.wav", "*/items/*.wav", "*/misc/*.wav"),)
    ),
    Package("ufoai-sound", "GPL-2+", (effects("*/sound/*.ogg", "*/sound/*.wav"),)),
    Package(
        "0ad-data", "CC-BY-SA-3.0", (effects("*/audio/attack/*.ogg", "*/audio/resource/*.ogg", "*/audio/actor/*.ogg"),)
    ),
    Package("megaglest-data", "CC-BY-SA-3.0", (effects("*/units/*.wav", most=5),)),
    Package(
        "supertux-data", "GPL-3+, CC-BY-SA-3.0", (effects("*/sounds/*.wav", "*/sounds/*.ogg", but_not=("*/rain.wav",)),)
    ),
)


def _weather(*patterns: str, most: int = 4, but_not: tuple[str, ...] = ()) -> Take:
    """Wind, water, rooms and engines: what has neither pitch nor beat."""
    return Take(Kind.NOISE, patterns, most=most, join_s=15.0, but_not=but_not)


NOISE = (
    Package("flare-game", "CC-BY-SA-3.0+", (_weather("*/environment/*rain*.ogg", "*/*wind*.ogg"),)),
    Package("0ad-data", "CC-BY-SA-3.0", (_weather("*/ambient/weather/*.ogg", "*/ambient/water/*.ogg", most=8),)),
    Package(
        "megaglest-data",
        "CC-BY-SA-3.0",
        (_weather("*/tilesets/*rain*.ogg", "*/tilesets/*wind*.ogg", "*/tilesets/*night*.ogg", most=6),),
    ),
    Package(
        "scorched3d-data",
        "GPL-2+",
        (_weather("*/misc/rain.wav", "*/misc/ocean*.wav", "*/misc/jet.wav", "*/helicopter.wav"),),
    ),
    Package("searchandrescue-data", "GPL-2+", (_weather("*/*engine*.wav", most=5),)),
    Package("openarena-data", "GPL-2+", (_weather("*/world/*wind*.wav", "*/world/*fire*.wav", "*/world/drone*.wav"),)),
    Package("lugaru-data", "CC-BY-SA-3.0", (_weather("*/Wind.ogg", "*/DesertAmbient.ogg"),)),
    Package("btanks-data", "GPL-2+", (_weather("*/ambient/city.ogg", "*/ambient/country.ogg", "*/ambient/swamp.ogg"),)),
    Package("ardentryst", "CC-BY-SA-3.0", (_weather("*/Rain*.ogg", "*/AMB_*.ogg"),)),
    Package("endless-sky-data", "CC-BY-SA-4.0", (_weather("*/ambient/machinery.mp3"),)),
)

LOOPS = (
    Package(
        "sonic-pi-samples",
        "CC0",
        (Take(Kind.ELECTRONIC, ("*/samples/loop_*.flac",), most=16, repeat_s=16.0),),
    ),
    Package(
        "lmms-common",
        "GPL-2+, CC-BY-SA-4",
        (Take(Kind.ELECTRONIC, ("*/samples/beats/*.ogg", "*/samples/bassloops/*.ogg"), most=20, repeat_s=16.0),),
    ),
)

RECORDED = (*SPEECH, *EFFECTS, *NOISE, *LOOPS)

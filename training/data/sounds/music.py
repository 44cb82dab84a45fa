"""The packages that music is taken from.

Each file was put to its side by what is known of it and by what an audio tagger hears in it; pieces that could be
either, calm synthetic ones above all, are left out of the music that is to be refused. Each licence is what the
package's `debian/copyright` says of the files taken.
"""

from training.data.sounds.sources import Kind, Package, music

_CLASSICAL, _ROCK, _ELECTRONIC = Kind.CLASSICAL, Kind.ROCK_POP_FOLK, Kind.ELECTRONIC

ORCHESTRAL_AND_ACOUSTIC = (
    Package(
        "wesnoth-1.16-music",
        "GPL-2+",
        (music(_CLASSICAL, "*/music/*.ogg", most=14, but_not=("*/frantic-old.ogg", "*/knalgan*")),),
    ),
    Package(
        "flare-game",
        "CC-BY-SA-3.0+",
        (
            music(
                _CLASSICAL,
                *(
                    f"*/music/{name}_theme.ogg"
                    for name in ("battle", "overworld", "safe_room", "town", "forest", "magical")
                ),
            ),
            music(_ROCK, "*/music/title_theme.ogg", "*/music/unrest_theme.ogg"),
        ),
    ),
    Package(
        "freecol",
        "CC-BY-SA-3.0",
        (
            music(
                _CLASSICAL,
                *(f"*/music/default/{name}*.ogg" for name in ("fearless", "founders", "settlers", "sunrise")),
            ),
        ),
    ),
    Package(
        "unknown-horizons",
        "CC-BY-SA-3.0",
        (music(_CLASSICAL, "*/audio/music/*.ogg", but_not=("*/waves.ogg", "*/seafight.ogg", "*/music.ogg")),),
    ),
    Package(
        "lordsawar-data",
        "GPL-3+",
        (music(_CLASSICAL, *(f"*/music/{name}.ogg" for name in ("back1", "battle", "defeat", "victory"))),),
    ),
    Package(
        "freedink-data",
        "Zlib, CC-BY-3.0",
        (
            music(_CLASSICAL, *(f"*/Sound/{name}.ogg" for name in ("1", "106", "5", "denube"))),
            music(_ROCK, "*/Sound/lovin.ogg", "*/Sound/1[0-9]*.mid", "*/Sound/7.mid"),
        ),
    ),
    Package("gamine-data", "GPL-3+, public domain", (music(_CLASSICAL, "*/BachJS*.ogg"),)),
    Package(
        "fillets-ng-data",
        "GPL-2+",
        (music(_CLASSICAL, *(f"*/music/rybky{number}.ogg" for number in ("01", "04", "10"))),),
    ),
    Package(
        "enigma-data",
        "GPL-2+",
        (
            music(
                _CLASSICAL, *(f"*/music/game/{name}.ogg" for name in ("meditation", "on_the_water", "puzzle", "swamp"))
            ),
            music(_ROCK, "*/music/menu/enigma_rag.ogg"),
        ),
    ),
    Package(
        "adonthell-data",
        "GPL-2+",
        (music(_CLASSICAL, *(f"*/audio/at-demo-{number}.ogg" for number in (4, 8, 9))),),
    ),
    Package(
        "megaglest-data",
        "CC-BY-SA-3.0",
        (
            music(
                _CLASSICAL, "*/egypt/music/*.ogg", "*/indian/music/*.ogg", "*/romans/music/*.ogg", "*/tech/music/*.ogg"
            ),
            music(_ROCK, "*/norsemen/music/*.ogg"),
        ),
    ),
    Package(
        "hyperrogue-music",
        "CC-BY-SA-3.0, CC-BY-SA-4.0",
        (
            music(
                _CLASSICAL,
                *(f"*/music/hr3-{name}.ogg" for name in ("crossroads", "laboratory", "mirror", "rlyeh", "graveyard")),
            ),
        ),
    ),
    Package("lincity-ng-data", "GPL-2+", (music(_ROCK, "*City Blues.ogg"), music(_CLASSICAL, "*Contemplations.ogg"))),
    Package("glob2-data", "GPL-3", (music(_CLASSICAL, "*/zik/a1.ogg", "*/zik/intro.ogg"),)),
    Package(
        "pushover-data",
        "GPL-3+",
        (music(_CLASSICAL, *(f"*/themes/{name}.ogg" for name in ("castle", "greek", "japanese"))),),
    ),
    Package(
        "drascula-music",
        "Drascula-License (as BSD)",
        (
            music(_CLASSICAL, *(f"*/audio/track{number}.ogg" for number in (3, 7, 16, 20, 25, 27))),
            music(_ROCK, *(f"*/audio/track{number}.ogg" for number in (1, 2, 23, 24, 30))),
        ),
    ),
    Package(
        "warmux-data",
        "GPL-2+",
        (music(_CLASSICAL, "*Apnee.ogg", "*Etrange*.ogg", "*Vers_sol*.ogg", "*/woodlux.ogg"),),
    ),
    Package(
        "supertux-data",
        "GPL-3+, CC-BY-SA-3.0",
        (
            music(
                _CLASSICAL, "*/misc/credits.ogg", "*/misc/battle_theme.ogg", "*/forest/wisphunt.ogg", "*/clavelian*.ogg"
            ),
            music(
                _ROCK,
                "*/misc/theme.ogg",
                "*/forest/forest_theme.ogg",
                "*/forest/call_of*.ogg",
                "*/forest/shallow*.ogg",
                "*/forest/beneath*.ogg",
            ),
        ),
    ),
    Package(
        "widelands-data",
        "GPL-2+",
        (
            music(
                _CLASSICAL,
                "*/music/ingame_0[0-578].ogg",
                "*/music/ingame_1[0234].ogg",
                "*/music/ingame_2[2-8].ogg",
                most=14,
            ),
        ),
    ),
    Package("pianobooster", "GPL-3+", (music(_ROCK, "*/Booster Music/0[2-7]*.mid", most=6),)),
    Package(
        "0ad-data",
        "CC-BY-SA-3.0",
        (
            music(
                _CLASSICAL,
                *(
                    f"*/audio/music/{title}*.ogg"
                    for title in (
                        "Alba_Longa",
                        "Elysian",
                        "Epitaph",
                        "Forging",
                        "Helen",
                        "Juno",
                        "Mediterranean",
                        "Midwinter",
                        "Rise_of_M",
                        "Roman",
                        "Dried",
                        "The_Road",
                        "Upstart",
                        "Hill_of",
                        "Calm",
                        "Mountain",
                    )
                ),
                most=16,
            ),
            music(
                _ROCK,
                *(
                    f"*/audio/music/{title}*.ogg"
                    for title in (
                        "Bandit",
                        "Celtic_",
                        "Celtica",
                        "Harvest",
                        "Highland",
                        "Tavern",
                        "Whistler",
                        "Solstice",
                    )
                ),
                most=8,
            ),
        ),
    ),
)

ROCK_POP_FOLK = (
    Package(
        "fretsonfire-songs-muldjord",
        "Apache-2.0, CC-BY-SA-3.0",
        (music(_ROCK, "*/song.ogg", "*/guitar.ogg", most=6),),
    ),
    Package("fretsonfire-songs-sectoid", "GPL-2+", (music(_ROCK, "*/song.ogg", "*/guitar.ogg", most=8),)),
    Package("openttd-openmsx", "GPL-2", (music(_ROCK, "*redfarn.mid", "*/ttsong*.mid", "*/wood*.mid", most=10),)),
    Package("freedoom", "BSD-3-clause (freedoom-license)", (music(_ROCK, "*.wad.midi/*.mid", most=16),)),
    Package(
        "hedgewars-data",
        "GPL-2",
        (
            music(
                _ROCK,
                *(
                    f"*/Music/{name}.ogg"
                    for name in (
                        "Art",
                        "Brick",
                        "Castle",
                        "City",
                        "Compost",
                        "Desert",
                        "Rock",
                        "bath",
                        "main_theme",
                        "pirate",
                    )
                ),
            ),
        ),
    ),
    Package(
        "marsshooter-data",
        "CC-BY-SA-3.0, CC-BY-3.0",
        (
            music(
                _ROCK,
                "*/audio/menu.ogg",
                *(
                    f"*/audio/music/*{name}*.ogg"
                    for name in ("orphanage", "fear", "Lelkek", "starfall", "birth", "farewell", "Misan")
                ),
            ),
        ),
    ),
    Package("renpy-demo", "Expat", (music(_ROCK, "*/renpyallstars.ogg"), music(_CLASSICAL, "*/sunflower*.ogg"))),
    Package(
        "neverball-common",
        "GPL-2+",
        (
            music(_ROCK, "*/bgm/track1.ogg", "*/bgm/track4.ogg"),
            music(_ELECTRONIC, *(f"*/bgm/{name}.ogg" for name in ("title", "track2", "track3", "track5", "track6"))),
        ),
    ),
    Package(
        "plee-the-bear-data",
        "GPL-2+, CC-BY-SA-3.0",
        (music(_ROCK, "*/music/bonus.ogg", "*/music/boss.ogg", "*/music/title-screen.ogg", "*/bonus/back.ogg"),),
    ),
    Package("planetblupi-music-ogg", "GPL-3+", (music(_ROCK, "*/music00[1248].ogg"),)),
    Package(
        "wordwarvi-sound",
        "CC-BY-SA-3.0",
        (music(_ROCK, "*/dtox*.ogg", "*/lucky*.ogg"),),
    ),
    Package(
        "xmoto-data",
        "GPL-2+",
        (
            music(_ROCK, "*/Musics/MadeiraStew.ogg", "*/Musics/speeditup.ogg"),
            music(_ELECTRONIC, "*/Musics/batcave.ogg", "*/Musics/foxrun.ogg"),
        ),
    ),
    Package("boswars-data", "GPL-2+", (music(_ROCK, "*/intro/*.ogg"),)),
    Package("pathological", "GPL-2+", (music(_ROCK, "*/music/intro.ogg"),)),
    Package(
        "openclonk-data",
        "CC-BY-3.0",
        (music(_ROCK, "*/Motorway.ogg"), music(_ELECTRONIC, "*/Cavern.ogg", "*/Island*.ogg")),
    ),
    Package("scorched3d-data", "GPL-2+", (music(_ROCK, "*/mix3_loop1.ogg"),)),
)

_WHOLE = {
    "a7xpg-data": "BSD-2-clause",
    "abe-data": "GPL-2+",
    "amoebax-data": "Free Art License 1.2",
    "bb": "GPL-2+",
    "biniax2-data": "Zlib",
    "bomberclone-data": "GPL-2",
    "bumprace-data": "GPL-2+, CC-BY-3.0",
    "criticalmass-data": "GPL-2+",
    "fb-music-high": "GPL-2+",
    "freedroid-data": "GPL-2+",
    "gltron": "GPL-2+",
    "gunroar-data": "BSD-2-clause",
    "heroes-sound-tracks": "GPL-2+",
    "mu-cade-data": "BSD-2-clause",
    "noiz2sa-data": "BSD-2-clause",
    "parsec47-data": "BSD-2-clause",
    "pekka-kana-2-data": "BSD-2-clause",
    "pingus-data": "GPL-2+",
    "powermanga-data": "GPL-3+",
    "rafkill-data": "LGPL-2",
    "ri-li-data": "GPL-2+",
    "rrootage-data": "BSD-2-clause",
    "singularity-music": "GPL-2+, CC-BY-SA-3.0",
    "solarwolf": "LGPL-2.1",
    "starfighter-data": "GPL-3+, CC-BY-SA-3.0",
    "tecnoballz-data": "GPL-3+",
    "titanion-data": "BSD-2-clause",
    "tomatoes-data": "Zlib",
    "torus-trooper-data": "BSD-2-clause",
    "trackballs-data": "GPL-2+, Ethymonics Free Music License",
    "tumiki-fighters-data": "BSD-2-clause",
    "tuxmath-data": "GPL-3+",
    "val-and-rick-data": "BSD-2-clause",
    "warzone2100-music": "CC0",
    "wizznic-data": "GPL-3+",
    "zaz-data": "GPL-3+, CC-BY-SA-3.0",
}
"""Packages whose music is electronic throughout: arcade games' soundtracks and tracker modules."""

_MUSIC_FILES = tuple(f"*.{ending}" for ending in ("ogg", "mp3", "mod", "xm", "it", "s3m", "opus"))
_NO_MUSIC = ("*/freedroid/sound/Paradroid.ogg", "*/noiz2sa/sounds/stg5.ogg", "*/parsec47/sounds/ptn0.ogg")

ELECTRONIC = (
    *(
        Package(name, licence, (music(_ELECTRONIC, *_MUSIC_FILES, most=20, but_not=_NO_MUSIC),))
        for name, licence in _WHOLE.items()
    ),
    Package(
        "nexuiz-music",
        "GPL-2+",
        (
            music(
                _ELECTRONIC,
                "*/cdtracks/*.ogg",
                most=16,
                but_not=("*/brokenlight.ogg", "*/desert3.ogg", "*/thunder.ogg", "*/stairs.ogg", "*/northern*"),
            ),
        ),
    ),
    Package(
        "ufoai-music",
        "GPL-2+, CC-BY-SA-3.0",
        (
            music(_ELECTRONIC, "*/music/*.ogg", most=40, but_not=("*/David0*", "*/*IntroSad*", "*/*LooseGame*")),
            music(_ROCK, "*/music/David0[345].ogg"),
        ),
    ),
    Package(
        "krank",
        "public domain",
        (music(_ELECTRONIC, "*/sounds/*/*.ogg", "*/menu/*.ogg", but_not=("*/summer/atmo.ogg",)),),
    ),
    Package("gigalomania-data", "CC-BY-3.0, CC-BY-SA-3.0", (music(_ELECTRONIC, "*/music/*.ogg"),)),
    Package(
        "colobot-common-sounds", "GPL-3+", (music(_ELECTRONIC, "*/music/*.ogg", but_not=("*/Intro2.ogg", "*013.ogg")),)
    ),
    Package("davegnukem-data", "CC-BY-3.0", (music(_ELECTRONIC, "*/music/*.ogg", most=14),)),
    Package("btanks-data", "GPL-2+", (music(_ELECTRONIC, "*/tunes/*.ogg", "*/ambient/horror.ogg"),)),
    Package(
        "ardentryst",
        "CC-BY-SA-3.0",
        (music(_ELECTRONIC, "*/Music/Sempridge*.ogg", "*/Music/World_Map.ogg", "*/Music/castle.ogg"),),
    ),
    Package("lmms-common", "GPL-2+, CC-BY-SA-4", (music(_ELECTRONIC, "*/projects/shorties/*.mmpz", most=5),)),
)

MUSIC = (*ORCHESTRAL_AND_ACOUSTIC, *ROCK_POP_FOLK, *ELECTRONIC)

"""Endings by which audio is picked out of folders and chats; what a file really is, its bytes decide."""

_WITH_PICTURES = "3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ts webm wmv"
_SOUND = (
    "aac ac3 aif aifc aiff amr ape au bwf caf dts eac3 flac m4a m4b m4r mka mp1 mp2 mp3 mpa mpc mpga oga ogg opus rf64 "
    "snd spx tta w64 wav weba wma wv"
)

VIDEO_SUFFIXES = frozenset(f".{ending}" for ending in _WITH_PICTURES.split())
"""Endings of pictures with sound. In a folder they are music; in a chat nobody is answered for them unasked."""

AUDIO_SUFFIXES = VIDEO_SUFFIXES | {f".{ending}" for ending in _SOUND.split()}
"""Endings of everything that has sound."""

"""The pure core: audio bytes in, a genre with an honest confidence out.

Each step of the ladder is usable alone: decode a window, extract its features, predict, draw its spectrogram.
Importing this package loads nothing heavy; import the step you need from its module.
"""

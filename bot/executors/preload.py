"""Imported once, in the process that workers are forked from: each worker then starts with everything warm.

Importing librosa and matplotlib takes most of a second; a forked worker inherits both and is ready at once.
"""

import contextlib
import signal

from classifier.process import keep_freed_memory

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the bot's own process decides
keep_freed_memory()
is_warm = False
with contextlib.suppress(Exception):  # a worker tries it again, and says why it cannot
    from classifier.warmup import warm_up

    warm_up()
    is_warm = True

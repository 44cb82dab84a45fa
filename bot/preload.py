"""Imported once, in the process that workers are forked from: each worker then starts with everything warm.

Importing librosa and running it for the first time takes seconds; a forked worker inherits both and is ready at once.
"""

import signal

from classifier.process import set_up_process
from classifier.warmup import warm_up

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the bot's own process decides
set_up_process()
warm_up()

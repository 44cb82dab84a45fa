"""`python -m classifier`: see `classifier.cli`. Here is what may happen to its output, and Ctrl-C."""

import contextlib
import os
import sys

from classifier.process import keep_freed_memory, set_up_process

set_up_process()
keep_freed_memory()

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


def _main() -> int:
    if sys.stderr is None:  # it was closed; libraries write there without asking
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        _say("there is nowhere to write the answers to")
        return 1
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names may be any bytes
        from classifier.cli import main  # numpy must load after the limit is set

        code = main()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _forget_output()
        return _INTERRUPTED
    except BrokenPipeError:  # whoever read our output has read enough
        _forget_output()
    except OSError as error:
        _say(f"the answers cannot be written: {error.strerror or error}")
        _forget_output()
    return 1


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        print(line, file=sys.stderr, flush=True)


def _forget_output() -> None:
    """What could not be written would be tried again, and complained of, when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(_main())

"""`python -m classifier`: see `classifier.cli`."""

import os
import sys

from classifier.threads import limit_blas_threads

limit_blas_threads()

from classifier.cli import main  # noqa: E402  (numpy must load after the limit is set)


def _main() -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # file names may be any bytes
    try:
        return main()
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(_main())

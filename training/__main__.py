"""`python -m training`: see `training.cli.main`."""

import os
import signal
import sys

from classifier.process import set_up_process
from training.cli.interrupt import INTERRUPTED

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
set_up_process()  # a logistic regression took ten times as long where two threads shared two busy cores


def _main() -> int:
    try:
        from training.cli.main import main  # numpy comes with it
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED + signal.SIGINT
    code = main()
    if code >= INTERRUPTED and "tensorflow" in sys.modules:  # which takes its time to leave
        sys.stdout.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(_main())

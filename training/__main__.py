"""`python -m training`: see `training.cli.main`."""

import os
import sys

from classifier.process import set_up_process

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
set_up_process()  # a logistic regression took ten times as long where two threads shared two busy cores

from training.cli.interrupt import INTERRUPTED  # noqa: E402
from training.cli.main import main  # noqa: E402 - numpy comes with it

if __name__ == "__main__":
    code = main()
    if code >= INTERRUPTED and "tensorflow" in sys.modules:  # which takes its time to leave
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)

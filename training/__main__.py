"""`python -m training`: see `training.cli`."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from training.cli import main

if __name__ == "__main__":
    sys.exit(main())

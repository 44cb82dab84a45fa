"""`python -m classifier`: see `classifier.cli`."""

import sys

from classifier.threads import limit_blas_threads

limit_blas_threads()

from classifier.cli import main  # noqa: E402  (numpy must load after the limit is set)

if __name__ == "__main__":
    sys.exit(main())

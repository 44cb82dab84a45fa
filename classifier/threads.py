"""One BLAS thread a process: with two, the features of one window took two to three times as long on two cores."""

import os


def limit_blas_threads() -> None:
    """Ask every BLAS for one thread, here and in child processes; works only before numpy is first imported."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

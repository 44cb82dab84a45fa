"""The kind of array that goes from step to step."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

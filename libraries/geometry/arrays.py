"""Types of the arrays that coordinates and their indexes are kept in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# The points of one stroke, of shape (n, 2).
Polyline = NDArray[np.float64]

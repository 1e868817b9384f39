# SPDX-License-Identifier: Apache-2.0
"""Run-length encoded geometry: within a run, a voxel and its six neighbors keep their tissues.

So the kernels' inner loops see constants, no label and no conductivity of a voxel is ever read
while stepping, and air costs nothing. Labels: 0 is outside, the last two mark the block's edges.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.support.jit import compiled

Labels = NDArray[np.uint8]
Ints = NDArray[np.int32]

AIR = 0
CORE = 254
INSULATED = 255
SIDES = 6
"""Order of neighbors everywhere: x−, x+, y−, y+, z−, z+."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of all rows (z, y), in order of rows. Run r covers x0 ≤ x < x1 of its row.

    `first[row]` to `first[row + 1]` are a row's runs. `kind[r]` is a row of `kinds`, which holds
    the label of the voxel and of its six neighbors (n, 7).
    """

    first: Ints
    x0: Ints
    x1: Ints
    kind: Ints
    kinds: Labels


@compiled()
def _key(label: Labels, z: int, y: int, x: int, floor: int) -> int:
    """Pack the labels of a voxel and its neighbors, 8 bits each."""
    nz, ny, nx = label.shape
    key = int(label[z, y, x])
    key = key * 256 + (label[z, y, x - 1] if x > 0 else 255)
    key = key * 256 + (label[z, y, x + 1] if x < nx - 1 else 255)
    key = key * 256 + (label[z, y - 1, x] if y > 0 else 255)
    key = key * 256 + (label[z, y + 1, x] if y < ny - 1 else 255)
    key = key * 256 + (label[z - 1, y, x] if z > 0 else 0)
    return key * 256 + (label[z + 1, y, x] if z < nz - 1 else floor)


@compiled()
def _scan(label: Labels, floor: int, first: Ints, out: tuple[Ints, Ints, NDArray[np.int64]]) -> int:
    """Count the runs of each row; where `out` has room, also write them."""
    nz, ny, nx = label.shape
    x0, x1, keys = out
    count = 0
    for row in range(nz * ny):
        z, y = row // ny, row % ny
        first[row] = count
        last = -1
        for x in range(nx):
            if label[z, y, x] == 0:
                last = -1
                continue
            key = _key(label, z, y, x, floor)
            if key != last:
                if count < len(x0):
                    x0[count], keys[count] = x, key
                count += 1
            if count <= len(x0):
                x1[count - 1] = x + 1
            last = key
    first[nz * ny] = count
    return count


def encode(label: Labels, floor: int = CORE) -> Runs:
    """Encode a label volume (z, y, x); `floor` is the neighbor below the last plane."""
    nz, ny, _ = label.shape
    first = np.zeros(nz * ny + 1, np.int32)
    none = np.zeros(0, np.int32)
    count = _scan(label, floor, first, (none, none.copy(), np.zeros(0, np.int64)))
    x0, x1 = np.zeros(count, np.int32), np.zeros(count, np.int32)
    keys = np.zeros(count, np.int64)
    _scan(label, floor, first, (x0, x1, keys))
    unique, kind = np.unique(keys, return_inverse=True)
    shifts = 8 * np.arange(SIDES, -1, -1)
    kinds = ((unique[:, None] >> shifts) & 255).astype(np.uint8)
    return Runs(first, x0, x1, kind.astype(np.int32), kinds)

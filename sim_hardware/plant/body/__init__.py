# SPDX-License-Identifier: Apache-2.0
"""From files to voxels: tissues, shapes, geometry, skin, sites, drawn patients."""

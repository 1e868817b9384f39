# SPDX-License-Identifier: Apache-2.0
"""Pennes' bioheat equation on voxels: run-length coded tissue, compiled kernels, skin."""

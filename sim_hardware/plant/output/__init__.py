# SPDX-License-Identifier: Apache-2.0
"""Whole temperatures for other programs: NumPy, NIfTI, VTK."""

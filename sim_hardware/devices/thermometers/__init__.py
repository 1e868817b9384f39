# SPDX-License-Identifier: Apache-2.0
"""Twins of fiber-optic thermometers."""

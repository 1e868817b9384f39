# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests that are plain functions, so that property tests can call them too."""

from sim_hardware.bench.virtual_time import run as run_virtual

__all__ = ("run_virtual",)

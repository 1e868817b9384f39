# SPDX-License-Identifier: Apache-2.0
"""The command line `mnht`. Commands import what they need only when they run."""

from mnht_controller.cli.main import main

__all__ = ("main",)

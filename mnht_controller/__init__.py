# SPDX-License-Identifier: Apache-2.0
"""Closed-loop temperature control for magnetic nanoparticle hyperthermia research."""

__version__ = "0.1.0"

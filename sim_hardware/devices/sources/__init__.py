# SPDX-License-Identifier: Apache-2.0
"""Twins of what drives the coil. Each has a `stage`: the electronics behind its dialect."""

# SPDX-License-Identifier: Apache-2.0
"""Instrument drivers, one family a file; each is a manual page in Python."""

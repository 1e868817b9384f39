# SPDX-License-Identifier: Apache-2.0
"""The driver kit: all that a driver author sees."""

# SPDX-License-Identifier: Apache-2.0
"""The vocabulary: frozen values and enumerations, no algorithms."""

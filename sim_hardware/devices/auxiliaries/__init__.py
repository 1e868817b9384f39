# SPDX-License-Identifier: Apache-2.0
"""Twins of what stands beside the source: run-permits, chillers, pick-up coils."""

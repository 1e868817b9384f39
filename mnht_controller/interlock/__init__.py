# SPDX-License-Identifier: Apache-2.0
"""Permits: the pure, table-driven veto between the wish and the wire."""

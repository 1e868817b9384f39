# SPDX-License-Identifier: Apache-2.0
"""Fronts: the same twin core on memory, a pseudo terminal or TCP. They add chunking and pace."""
